import type { BuildInput, HostFile, HostService } from '../host-files.ts';
import { hostsOf, type LabHost, type LabPlan, type UserPlace } from '../topology.ts';
import { directoryBase, directoryPassword, directoryUrls, directoryUser, inDomains } from './directory.ts';
import { databasePassword } from './mailboxes.ts';

/** Ports of milters. */
export const miltersOf = { rspamd: 11_332, opendkim: 8891 } as const;
/** A milter's socket below the folder of the queue, where Postfix finds it in its chroot. */
export const clamavMilterSocket = 'clamav/milter.ctl';
/** What a message passes, in order: Rspamd judges, ClamAV looks for what is infected, OpenDKIM signs what they leave. */
const milters = [
  `inet:127.0.0.1:${miltersOf.rspamd}`,
  `unix:${clamavMilterSocket}`,
  `inet:127.0.0.1:${miltersOf.opendkim}`,
];
/** The lab's own block list; it lists 10.77.*.66, which no host has, and whatever a fault adds. */
export const blockList = 'dnsbl.test';

export function postfixFiles(input: BuildInput): readonly HostFile[] {
  const { plan, host } = input;
  return [
    { path: '/etc/postfix/main.cf', text: mainCf(input) },
    { path: '/etc/postfix/master.cf', text: masterCf },
    ...{ files: fileMaps, database: databaseMaps, directory: directoryMaps }[host.users](plan, host),
  ];
}

export const postfixService: HostService = {
  name: 'postfix',
  start: [
    'rm -f /var/spool/postfix/pid/master.pid',
    // Debian's own step that fills the chroot, /etc/resolv.conf included.
    '/usr/lib/postfix/configure-instance.sh -',
    'mkdir -p /var/lib/postfix && chown postfix:postfix /var/lib/postfix',
    'newaliases',
    'postfix start',
  ].join('; '),
  listens: [25, 465, 587].map((port) => ({ protocol: 'tcp', port })),
};

/** Domains whose mail this host passes on to where their mailboxes are. */
export function relayedDomains(plan: LabPlan, host: LabHost): readonly string[] {
  const all = hostsOf(plan, 'mail').flatMap((other) => other.domains);
  return [...new Set(all)].filter((domain) => !host.domains.includes(domain));
}

function mainCf({ plan, host }: BuildInput): string {
  const map = (name: string) => `${mapKinds[host.users]}:/etc/postfix/${name}`;
  const relayed = relayedDomains(plan, host);
  return `compatibility_level = 3.6
myhostname = ${host.fqdn}
mydomain = ${plan.domain}
myorigin = ${plan.domain}
mydestination = localhost
mynetworks = 127.0.0.0/8 [::1]/128
inet_interfaces = all
inet_protocols = all
smtpd_banner = $myhostname ESMTP
recipient_delimiter = +
message_size_limit = 10485760
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases

virtual_mailbox_domains = ${host.domains.join(' ')}
virtual_mailbox_maps = ${map('mailboxes')}
virtual_alias_maps = ${map('aliases')}
virtual_transport = lmtp:unix:private/dovecot-lmtp
relay_domains = ${relayed.join(' ')}
relay_recipient_maps = ${relayed.length > 0 ? map('relay-recipients') : ''}

smtpd_tls_chain_files = /etc/ssl/lab/key.pem /etc/ssl/lab/chain.pem
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtp_tls_security_level = may
smtp_tls_loglevel = 1
smtp_tls_CAfile = /etc/ssl/lab/ca.pem

smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_local_domain = ${plan.domain}
smtpd_helo_required = yes
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
smtpd_recipient_restrictions = permit_mynetworks permit_sasl_authenticated reject_unauth_destination reject_rbl_client ${blockList}
smtpd_client_connection_count_limit = 200

smtpd_milters = ${milters.join(' ')}
non_smtpd_milters = $smtpd_milters
milter_default_action = tempfail
milter_connect_timeout = 5s
milter_command_timeout = 5s
milter_content_timeout = 10s

# A lab cannot wait as long as the world does: retries and time-outs are shorter than the defaults.
queue_run_delay = 15s
minimal_backoff_time = 15s
maximal_backoff_time = 60s
smtp_connect_timeout = 5s
smtp_helo_timeout = 10s
smtp_data_done_timeout = 20s
lmtp_connect_timeout = 5s
lmtp_data_done_timeout = 20s
`;
}

const mapKinds: Readonly<Record<UserPlace, string>> = {
  files: 'texthash',
  database: 'proxy:mysql',
  directory: 'proxy:ldap',
};

// Debian's master.cf with what the lab leaves out: no postscreen, no UUCP. The chroot column stays as Debian sets it.
const masterCf = `smtp      inet  n       -       y       -       -       smtpd
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_recipient_restrictions=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
smtps     inet  n       -       y       -       -       smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_recipient_restrictions=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup    unix  n       -       y       60      1       pickup
cleanup   unix  n       -       y       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       y       1000?   1       tlsmgr
rewrite   unix  -       -       y       -       -       trivial-rewrite
bounce    unix  -       -       y       -       0       bounce
defer     unix  -       -       y       -       0       bounce
trace     unix  -       -       y       -       0       bounce
verify    unix  -       -       y       -       1       verify
flush     unix  n       -       y       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
  -o syslog_name=postfix/relay
showq     unix  n       -       y       -       -       showq
error     unix  -       -       y       -       -       error
retry     unix  -       -       y       -       -       error
discard   unix  -       -       y       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       y       -       -       lmtp
anvil     unix  -       -       y       -       1       anvil
scache    unix  -       -       y       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
`;

function databaseMaps(plan: LabPlan, host: LabHost): readonly HostFile[] {
  const hosts = hostsOf(plan, 'database')
    .map(({ fqdn }) => `inet:${fqdn}:3306`)
    .join(' ');
  const map = (name: string, query: string): HostFile => ({
    path: `/etc/postfix/${name}`,
    text: `hosts = ${hosts}\nuser = mail\npassword = ${databasePassword}\ndbname = mail\nquery = ${query}\n`,
    mode: 0o640,
    owner: 'root:postfix',
  });
  const here = host.domains.map((domain) => `'${domain}'`).join(',');
  return [
    map('mailboxes', `SELECT 1 FROM mailbox WHERE address = '%s' AND domain IN (${here}) AND active = 1`),
    map('aliases', `SELECT goto FROM alias WHERE address = '%s' AND active = 1`),
    map('relay-recipients', `SELECT 1 FROM mailbox WHERE address = '%s' AND active = 1`),
  ];
}

function directoryMaps(plan: LabPlan, host: LabHost): readonly HostFile[] {
  const map = (name: string, filter: string, result: string): HostFile => ({
    path: `/etc/postfix/${name}`,
    text: `server_host = ${directoryUrls(plan)}\nversion = 3\ntimeout = 5\nbind = yes\nbind_dn = ${directoryUser}\nbind_pw = ${directoryPassword}\nsearch_base = ${directoryBase}\nquery_filter = ${filter}\nresult_attribute = ${result}\n`,
    mode: 0o640,
    owner: 'root:postfix',
  });
  return [
    map('mailboxes', `(&(mail=%s)${inDomains(host.domains)})`, 'mail'),
    map('aliases', '(&(objectClass=organizationalRole)(cn=%s))', 'description'),
    map('relay-recipients', '(mail=%s)', 'mail'),
  ];
}

function fileMaps(plan: LabPlan, host: LabHost): readonly HostFile[] {
  const mailboxes = (domains: readonly string[]) =>
    domains
      .flatMap((domain) => Array.from({ length: plan.mailboxes }, (_, index) => `u${index + 1}@${domain} x\n`))
      .join('');
  return [
    { path: '/etc/postfix/mailboxes', text: mailboxes(host.domains) },
    {
      path: '/etc/postfix/aliases',
      text: host.domains.map((domain) => `postmaster@${domain} u1@${domain}\n`).join(''),
    },
    { path: '/etc/postfix/relay-recipients', text: mailboxes(relayedDomains(plan, host)) },
  ];
}
