// Mail software beside Postfix and Dovecot, by the name that it gives itself in a header.

/** Names that only one software has. Where the daemons of several are called alike (`imapd`), the words decide (software.ts). */
const softwareByProgram: Readonly<Record<string, string>> = {
  ...named('rspamd', 'rspamd rspamd_proxy rspamd-main'),
  ...named(
    'amavis',
    'amavis amavisd amavisd-new amavisd-nanny amavisd-signer amavis-mc amavis-services amavisd-milter',
  ),
  ...named('spamassassin', 'spamd spamass-milter spamassassin sa-update sa-compile spampd'),
  ...named('opendkim', 'opendkim'),
  ...named('opendmarc', 'opendmarc'),
  ...named('clamav', 'clamd clamav-milter freshclam clamav-daemon clamav-freshclam clamonacc clamsmtpd clamsmtp'),
  ...named('exim', 'exim exim4'),
  ...named('sendmail', 'sendmail sm-mta sm-msp-queue sm-que'),
  ...named('saslauthd', 'saslauthd'),
  ...named('mariadb', 'mariadbd mysqld mariadb mysqld_safe mariadbd-safe mariadb-server mysql'),
  ...named('opensmtpd', 'opensmtpd'),
  ...named(
    'courier',
    'imapd-ssl pop3d-ssl courierpop3login imaplogin courieresmtpd courieresmtp courierd courierlocal courieruucp',
  ),
  ...named(
    'courier',
    'couriertcpd couriertls courierlogger courierfilter authdaemond courierdsn courier courier-imap courier-pop3',
  ),
  ...named(
    'cyrus',
    'cyrus cyrus-master ctl_cyrusdb cyr_expire ctl_mboxlist notifyd imapproxyd mupdate cyr_synclog sync_client',
  ),
  ...named('cyrus', 'sync_server fud squatter tls_prune'),
  ...named('sieve', 'sieve timsieved managesieve'),
  ...named('roundcube', 'roundcube'),
  ...named('sogo', 'sogod sogo'),
  ...named('uw-imap', 'ipop3d ipop2d imapsd ipop3sd'),
  ...named('solid-pop3d', 'solid-pop3d spop3d'),
  ...named('vpopmail', 'vpopmail vchkpw vchkpw-pop3 vchkpw-smtp vchkpw-imap vchkpw-submission'),
  ...named('qmail', 'qmail qmail-send qmail-smtpd qmail-remote qmail-local qmail-queue qmail-pop3d rblsmtpd'),
  ...named('qmail-scanner', 'qmail-scanner'),
  ...named('assp', 'assp'),
  ...named('kerio', 'kerio kerio-connect'),
  ...named('horde', 'horde HORDE Horde'),
  ...named('openwebmail', 'openwebmail'),
  ...named('squirrelmail', 'squirrelmail SquirrelMail'),
  ...named('perdition', 'perdition'),
  ...named('proxmox', 'pvedaemon pveproxy pmgdaemon pmgproxy pmg-smtp-filter pmgpolicy pmgmirror pmgtunnel'),
  ...named('cucipop', 'cucipop'),
  ...named('mailscanner', 'MailScanner mailscanner'),
  ...named('smf-sav', 'smf-sav smf-spf smf-grey smf-clamd smf-zombie'),
};

function named(software: string, programs: string): Record<string, string> {
  return Object.fromEntries(programs.split(' ').map((program) => [program, software]));
}

/** What several copies of one daemon are called: `sm-mta-in`, `perdition.imaps`, `cyrus/imaps`, `exim-out`. */
const softwareByFirstWord: ReadonlyArray<readonly [string, string]> = [
  ['cyrus/', 'cyrus'],
  ['cyrus-', 'cyrus'],
  ['perdition.', 'perdition'],
  ['sm-', 'sendmail'],
  ['sendmail-', 'sendmail'],
  ['exim-', 'exim'],
  ['rspamd_', 'rspamd'],
  ['MailScanner', 'mailscanner'],
];

/** The software that logs under `program` (without its pid), or `undefined` when the name alone does not tell. */
export function softwareOfProgram(program: string): string | undefined {
  const slash = program.lastIndexOf('/');
  const last = slash < 0 ? program : program.slice(slash + 1);
  // `cyrus/timsieved` is the sieve service; `/usr/sbin/amavisd` logs its path.
  const software = ownValue(last) ?? ownValue(program);
  if (software !== undefined) return software;
  for (const [start, name] of softwareByFirstWord) if (program.startsWith(start)) return name;
  return undefined;
}

function ownValue(program: string): string | undefined {
  return Object.hasOwn(softwareByProgram, program) ? softwareByProgram[program] : undefined;
}
