import type { BuildInput, HostBuild, HostService } from '../host-files.ts';
import { hostsOf } from '../topology.ts';
import { agentFiles, agentService } from './agent.ts';
import { antivirusFiles, clamavMilterService, clamdService } from './antivirus.ts';
import { dovecotFiles, dovecotService } from './dovecot.ts';
import {
  opendkimFiles,
  opendkimService,
  resolverFiles,
  resolverService,
  rspamdFiles,
  rspamdService,
} from './filters.ts';
import { storeVolume } from './mailboxes.ts';
import { postfixFiles, postfixService } from './postfix.ts';

/** A whole mail host: resolver, log, filters, Dovecot, Postfix and Mailward's own agent. */
export function buildMail(input: BuildInput): HostBuild {
  const { host, plan, secrets } = input;
  const tls = secrets.tlsByFqdn.get(host.fqdn);
  const bad = secrets.badChainsByFqdn.get(host.fqdn);
  const control = hostsOf(plan, 'control')[0];
  return {
    files: [
      ...resolverFiles(input),
      ...rspamdFiles(),
      ...antivirusFiles,
      ...opendkimFiles(input),
      ...dovecotFiles(input),
      ...postfixFiles(input),
      ...agentFiles,
      { path: '/etc/rsyslog.conf', text: rsyslogConf },
      { path: '/etc/aliases', text: `root: postmaster@${plan.domain}\n` },
      { path: '/etc/ssl/lab/ca.pem', text: secrets.caPem },
      { path: '/etc/ssl/lab/key.pem', text: tls?.keyPem ?? '', mode: 0o600 },
      { path: '/etc/ssl/lab/chain.pem', text: tls?.chainPem ?? '' },
      { path: '/etc/ssl/lab/expired.pem', text: bad?.expiredPem ?? '' },
      { path: '/etc/ssl/lab/other-name.pem', text: bad?.otherNamePem ?? '' },
    ],
    volumes: [
      storeVolume,
      { name: 'queue', path: '/var/spool/postfix', sizeMiB: 128, mode: '0755' },
      { name: 'agent', path: '/var/lib/mailward', sizeMiB: 64, mode: '0755' },
    ],
    services: [
      resolverService,
      rsyslogService,
      rspamdService,
      clamdService,
      clamavMilterService,
      opendkimService,
      dovecotService,
      postfixService,
      ...(control === undefined ? [] : [agentService(host.name, control.fqdn)]),
    ],
    extraNumbers: [],
  };
}

// The sockets in the chroot let Postfix log from inside it; the format is Debian 12's default (RFC 3339).
const rsyslogConf = `module(load="imuxsock")
$AddUnixListenSocket /var/spool/postfix/dev/log
mail.*  -/var/log/mail.log
*.*;mail.none  -/var/log/syslog
`;

const rsyslogService: HostService = {
  name: 'rsyslog',
  start: 'mkdir -p /var/spool/postfix/dev; rm -f /run/rsyslogd.pid; : >>/var/log/mail.log; rsyslogd',
  listens: [],
};
