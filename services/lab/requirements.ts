import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../protocol/errors.ts';
import { tryCommand } from './run-command.ts';

/** Debian package → a program of it that the lab starts. */
const programByPackage: Readonly<Record<string, string>> = {
  iproute2: 'ip',
  nftables: 'nft',
  'util-linux': 'unshare',
  mount: 'mount',
  openssl: 'openssl',
  tini: 'tini',
  socat: 'socat',
  rsyslog: 'rsyslogd',
  postfix: 'postfix',
  'dovecot-core': 'dovecot',
  rspamd: 'rspamd',
  opendkim: 'opendkim',
  'clamav-daemon': 'clamd',
  'clamav-milter': 'clamav-milter',
  'dnsmasq-base': 'dnsmasq',
  'mariadb-server': 'mariadbd',
  slapd: 'slapd',
  bindfs: 'bindfs',
};
/** Packages that bring a module rather than a program. */
const fileByPackage: Readonly<Record<string, string>> = {
  'postfix-mysql': '/usr/lib/postfix/postfix-mysql.so',
  'postfix-ldap': '/usr/lib/postfix/postfix-ldap.so',
  'dovecot-ldap': '/usr/lib/dovecot/modules/auth/libauthdb_ldap.so',
  libfaketime: `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`,
  'dovecot-imapd': '/usr/lib/dovecot/imap',
  'dovecot-pop3d': '/usr/lib/dovecot/pop3',
  'dovecot-lmtpd': '/usr/lib/dovecot/lmtp',
  'dovecot-sieve': '/usr/lib/dovecot/modules/lib90_sieve_plugin.so',
  'dovecot-managesieved': '/usr/lib/dovecot/managesieve',
  'dovecot-mysql': '/usr/lib/dovecot/modules/auth/libdriver_mysql.so',
};
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What this machine lacks for a lab, each as a sentence; empty when nothing is missing. */
export async function findMissing(): Promise<readonly string[]> {
  if (process.platform !== 'linux') return ['The lab needs Linux.'];
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push('The lab needs root, for namespaces and mounts.');
  const packages = [
    ...Object.entries(programByPackage).filter(
      ([, program]) => !folders.some((folder) => isExecutable(join(folder, program))),
    ),
    ...Object.entries(fileByPackage).filter(([, file]) => !isExecutable(file, constants.R_OK)),
  ].map(([name]) => name);
  if (packages.length > 0) missing.push(`These Debian packages are missing: ${packages.join(' ')}.`);
  if (missing.length === 0) missing.push(...(await findMissingKernel()));
  return missing;
}

export async function requireLab(): Promise<void> {
  const missing = await findMissing();
  if (missing.length > 0) throw new AppError('missing', missing.join(' '));
}

async function findMissingKernel(): Promise<readonly string[]> {
  const namespaces = await tryCommand(['unshare', '--net', '--mount', '--pid', '--uts', '--ipc', '--fork', 'true']);
  if (namespaces.status !== 0) return [`Namespaces cannot be made here: ${namespaces.stderr.trim()}.`];
  const filesystems = readFileSync('/proc/filesystems', 'utf8');
  return ['overlay', 'tmpfs']
    .filter((name) => !new RegExp(`\\b${name}$`, 'm').test(filesystems))
    .map((name) => `The kernel has no ${name} file system.`);
}

function isExecutable(path: string, mode: number = constants.X_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
