// Which processes of a node belong to its mail system, and under which name they are counted.

export type ProcessStat = {
  readonly pid: number;
  readonly parentPid: number;
  readonly comm: string;
  /** User and system time of the process itself, in clock ticks. */
  readonly cpuTicks: number;
  /** Since boot; with the pid it names one process for good. */
  readonly startTicks: number;
  readonly residentPages: number;
};

/** One line of `/proc/PID/stat` (proc(5)). The name stands in parentheses and may itself hold some. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  // proc(5) counts fields from 1 and the state, which comes first here, is number 3.
  const field = (number: number): number => Number(fields[number - 3]);
  const stat = {
    pid: Number(text.slice(0, open)),
    parentPid: field(4),
    comm: text.slice(open + 1, close),
    cpuTicks: field(14) + field(15),
    startTicks: field(22),
    residentPages: field(24),
  };
  return Object.values(stat).some(Number.isNaN) ? undefined : stat;
}

export type MailProcess = {
  readonly software: string;
  /** The program at work: `smtpd`, `imap-login`; the software's own name where it has only one. */
  readonly service: string;
  /** For a child of Postfix's master(8): the service of master.cf that it serves, as `name/type`, and its master. */
  readonly master?: { readonly pid: number; readonly service: string };
};

/** Software by the name of its process, which the kernel cuts to 15 characters. */
const softwareByComm: Readonly<Record<string, string>> = {
  rspamd: 'rspamd',
  amavisd: 'amavis',
  'amavisd-new': 'amavis',
  '/usr/sbin/amavi': 'amavis',
  spamd: 'spamassassin',
  'spamd child': 'spamassassin',
  '/usr/sbin/spamd': 'spamassassin',
  clamd: 'clamav',
  freshclam: 'clamav',
  'clamav-milter': 'clamav',
  opendkim: 'opendkim',
  opendmarc: 'opendmarc',
  postgrey: 'postgrey',
  saslauthd: 'saslauthd',
  exim: 'exim',
  exim4: 'exim',
  'redis-server': 'redis',
  'valkey-server': 'redis',
  mariadbd: 'mariadb',
  mysqld: 'mariadb',
  postgres: 'postgresql',
  haproxy: 'haproxy',
  nginx: 'nginx',
};

/**
 * Names a process, or `undefined` when it is no part of the mail system. `parent` is what its parent was named, and
 * `readArguments` gives its command line; it is asked only where the name alone does not tell.
 */
export function nameProcess(
  stat: ProcessStat,
  parent: MailProcess | undefined,
  readArguments: () => readonly string[],
): MailProcess | undefined {
  if (parent?.software === 'postfix' && parent.service === 'master') {
    const args = readArguments();
    const optionOf = (option: string): string => args[args.indexOf(option) + 1] ?? '';
    const service = args.includes('-n') ? `${optionOf('-n')}/${optionOf('-t')}` : '';
    return { software: 'postfix', service: stat.comm, master: { pid: stat.parentPid, service } };
  }
  if (stat.comm === 'master') {
    const [program] = readArguments();
    return program?.includes('/postfix/') ? { software: 'postfix', service: 'master' } : undefined;
  }
  if (stat.comm === 'dovecot') return { software: 'dovecot', service: 'dovecot' };
  if (parent?.software === 'dovecot') {
    const [program] = readArguments();
    const service = /^dovecot\/([\w-]+)/.exec(program ?? '')?.[1];
    return { software: 'dovecot', service: service ?? stat.comm };
  }
  const software = softwareByComm[stat.comm];
  return software === undefined ? undefined : { software, service: stat.comm.startsWith('/') ? software : stat.comm };
}
