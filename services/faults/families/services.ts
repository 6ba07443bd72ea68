import type { Fault } from '../fault.ts';

// What a mail host's daemons need of each other: sockets, milters, configuration, limits, replication.

const postconf = (
  family: string,
  id: string,
  title: string,
  setting: string,
  rest: Pick<Fault, 'bites' | 'failureModes' | 'lookalikes'>,
): Fault => ({
  ...{ id, family, title, target: 'mail' },
  inject: `cp -n /etc/postfix/main.cf /etc/postfix/main.cf.kept; postconf ${setting}; postfix reload`,
  // Stop and start, not reload: master holds back a service that has died for a minute, across reloads.
  heal: 'test -f /etc/postfix/main.cf.kept && mv -f /etc/postfix/main.cf.kept /etc/postfix/main.cf; postfix stop; service_start postfix; postqueue -f',
  ...rest,
});
const restartDovecot = 'doveadm stop; sleep 0.3; service_start dovecot';
const restartBoth = `${restartDovecot}; postfix stop; service_start postfix; postqueue -f`;

export const socketFaults: readonly Fault[] = [
  {
    ...{
      id: 'auth-socket-gone',
      family: 'socket',
      target: 'mail',
      title: "Dovecot's auth socket in Postfix's queue is gone",
    },
    inject: 'mv /var/spool/postfix/private/auth /var/spool/postfix/private/auth.kept; pkill -x smtpd || true',
    heal: `rm -f /var/spool/postfix/private/auth.kept; ${restartBoth}`,
    bites: { check: 'submission' },
    failureModes: ['pf-sasl-dovecot-down', 'dc-unix-sock-refused'],
    lookalikes: ['auth-socket-forbidden', 'submission-port-blocked'],
  },
  {
    ...{
      id: 'auth-socket-forbidden',
      family: 'socket',
      target: 'mail',
      title: "Dovecot's auth socket may not be used by Postfix",
    },
    inject:
      'chown root:root /var/spool/postfix/private/auth; chmod 600 /var/spool/postfix/private/auth; pkill -x smtpd || true',
    heal: `chown postfix:postfix /var/spool/postfix/private/auth; chmod 660 /var/spool/postfix/private/auth; ${restartBoth}`,
    bites: { check: 'submission' },
    failureModes: ['pf-sasl-dovecot-down', 'dc-perm-denied'],
    lookalikes: ['auth-socket-gone'],
  },
  {
    ...{
      id: 'lmtp-socket-gone',
      family: 'socket',
      target: 'mail',
      title: "Dovecot's LMTP socket in Postfix's queue is gone",
    },
    inject: 'mv /var/spool/postfix/private/dovecot-lmtp /var/spool/postfix/private/dovecot-lmtp.kept',
    heal: `rm -f /var/spool/postfix/private/dovecot-lmtp.kept; ${restartDovecot}; postqueue -f`,
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['pf-lmtp-dovecot-refused'],
    lookalikes: ['dovecot-master-killed', 'qmgr-stopped'],
  },
];

export const milterFaults: readonly Fault[] = [
  {
    ...{ id: 'rspamd-killed', family: 'milter', target: 'mail', title: 'Rspamd is down' },
    inject: 'pkill -9 -x rspamd',
    heal: 'pgrep -x rspamd >/dev/null || service_start rspamd',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['rs-down', 'pf-milter-connect-fail'],
    lookalikes: ['opendkim-killed', 'rspamd-stopped'],
  },
  {
    ...{ id: 'rspamd-stopped', family: 'milter', target: 'mail', title: 'Rspamd does not answer' },
    inject: 'pkill -STOP -x rspamd',
    heal: 'pkill -CONT -x rspamd || true',
    bites: { check: 'smtp' },
    failureModes: ['pf-milter-timeout', 'rs-down'],
    lookalikes: ['rspamd-killed', 'opendkim-stopped'],
  },
  {
    ...{ id: 'opendkim-killed', family: 'milter', target: 'mail', title: 'OpenDKIM is down' },
    inject: 'pkill -9 -x opendkim',
    heal: 'pgrep -x opendkim >/dev/null || service_start opendkim',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['dkim-down', 'pf-milter-connect-fail'],
    lookalikes: ['rspamd-killed', 'opendkim-stopped'],
  },
  {
    ...{ id: 'opendkim-stopped', family: 'milter', target: 'mail', title: 'OpenDKIM does not answer' },
    inject: 'pkill -STOP -x opendkim',
    heal: 'pkill -CONT -x opendkim || true',
    bites: { check: 'smtp' },
    failureModes: ['pf-milter-timeout', 'dkim-down'],
    lookalikes: ['opendkim-killed', 'rspamd-stopped'],
  },
  {
    ...{ id: 'dkim-key-missing', family: 'milter', target: 'mail', title: 'The signing key is gone' },
    inject:
      'mv -n /etc/opendkim/dkim.key /etc/opendkim/dkim.key.kept; pkill -9 -x opendkim; sleep 0.3; service_start opendkim || true',
    heal: 'test -f /etc/opendkim/dkim.key.kept && mv -f /etc/opendkim/dkim.key.kept /etc/opendkim/dkim.key; pkill -9 -x opendkim; sleep 0.3; service_start opendkim',
    bites: { check: 'submission' },
    failureModes: ['dkim-key-load', 'dkim-down'],
    lookalikes: ['opendkim-killed', 'signing-table-other'],
  },
  {
    ...{
      id: 'signing-table-other',
      family: 'milter',
      target: 'mail',
      title: 'The own domains are not signed: the signing table lists another one',
    },
    inject:
      'cp -n /etc/opendkim/signing /etc/opendkim/signing.kept; echo "*@elsewhere.test lab.test" >/etc/opendkim/signing; pkill -9 -x opendkim; sleep 0.3; service_start opendkim',
    heal: 'test -f /etc/opendkim/signing.kept && mv -f /etc/opendkim/signing.kept /etc/opendkim/signing; pkill -9 -x opendkim; sleep 0.3; service_start opendkim',
    bites: { check: 'signed', shows: /unsigned/ },
    failureModes: ['dkim-no-signing-match', 'dkim-unsigned-outbound'],
    lookalikes: ['dkim-key-missing'],
  },
];

export const configurationFaults: readonly Fault[] = [
  postconf(
    'configuration',
    'restriction-misspelt',
    'A restriction has a name that does not exist',
    "smtpd_recipient_restrictions='reject_bogus permit'",
    {
      bites: { check: 'smtp', shows: /451|4\.3\.5/ },
      failureModes: ['pf-unknown-restriction', 'pf-smtpd-server-config-error'],
      lookalikes: ['alias-map-missing', 'rspamd-killed'],
    },
  ),
  postconf(
    'configuration',
    'alias-map-missing',
    'A lookup table has no file',
    'virtual_alias_maps=hash:/etc/postfix/absent',
    {
      bites: { check: 'smtp', shows: /45\d/ },
      failureModes: ['pf-map-open-fail', 'pf-temp-lookup-failure'],
      lookalikes: ['restriction-misspelt', 'databases-killed'],
    },
  ),
  postconf(
    'configuration',
    'relayhost-dead',
    'The relay host is an address that nobody has',
    "relayhost='[10.77.1.251]'",
    {
      bites: { check: 'outbound' },
      failureModes: ['pf-out-no-route', 'pf-out-conn-timeout-one'],
      lookalikes: ['smtp-out-blocked', 'resolver-killed'],
    },
  ),
  postconf(
    'configuration',
    'message-size-tiny',
    'The message size limit is smaller than any message',
    'message_size_limit=200',
    {
      bites: { check: 'smtp', shows: /552|size/i },
      failureModes: ['pf-msg-too-big-inbound'],
      lookalikes: ['queue-full'],
    },
  ),
  postconf(
    'configuration',
    'mailbox-domain-removed',
    'The own domain is no longer among the mailbox domains',
    'virtual_mailbox_domains=',
    {
      bites: { check: 'smtp', shows: /relay access denied/i },
      failureModes: ['pf-relay-denied'],
      lookalikes: ['recipients-inactive'],
    },
  ),
  {
    ...{
      id: 'queue-wrong-owner',
      family: 'configuration',
      target: 'mail',
      title: 'Directories of the queue belong to somebody else',
    },
    inject: 'chown root /var/spool/postfix/incoming /var/spool/postfix/maildrop; chmod 700 /var/spool/postfix/incoming',
    heal: 'chown postfix /var/spool/postfix/incoming /var/spool/postfix/maildrop; postfix stop; service_start postfix',
    bites: { check: 'smtp' },
    failureModes: ['pf-queue-perms', 'pf-queue-write-error'],
    lookalikes: ['queue-full', 'queue-no-inodes'],
  },
  {
    ...{
      id: 'dovecot-config-error',
      family: 'configuration',
      target: 'mail',
      title: 'Dovecot is restarted on a configuration with a fault',
    },
    inject:
      'echo "bogus_setting = 1" >>/etc/dovecot/dovecot.conf; doveadm stop || pkill -x dovecot; sleep 0.3; service_start dovecot || true',
    heal: `sed -i '/^bogus_setting/d' /etc/dovecot/dovecot.conf; pkill -x dovecot || true; sleep 0.3; service_start dovecot`,
    bites: { check: 'imap' },
    failureModes: ['dc-config-error', 'dc-master-down'],
    lookalikes: ['dovecot-master-killed'],
  },
  {
    ...{ id: 'submission-auth-off', family: 'configuration', target: 'mail', title: 'Submission offers no AUTH' },
    inject: 'postconf -P submission/inet/smtpd_sasl_auth_enable=no; postfix reload',
    heal: 'postconf -P submission/inet/smtpd_sasl_auth_enable=yes; postfix reload',
    bites: { check: 'submission' },
    failureModes: ['pf-auth-not-offered'],
    lookalikes: ['auth-socket-gone'],
  },
];

export const limitFaults: readonly Fault[] = [
  {
    ...{
      id: 'smtpd-process-limit',
      family: 'limit',
      target: 'mail',
      title: 'All allowed smtpd processes are held by silent clients',
    },
    inject:
      "postconf -F smtp/inet/process_limit=1; postfix reload; sleep 0.5; pkill -x smtpd; setsid sh -c 'while :; do sleep 3600 | socat - TCP4:127.0.0.1:25; sleep 0.1; done' fault-holder >/dev/null 2>&1 </dev/null & sleep 1",
    heal: 'pkill -f fault-holder || true; pkill -f TCP4:127.0.0.1:25 || true; postconf -F smtp/inet/process_limit=-; postfix reload',
    bites: { check: 'smtp' },
    failureModes: ['pf-process-limit', 'pf-stress-mode'],
    lookalikes: ['postfix-stopped', 'smtp-port-blocked'],
  },
  {
    ...{ id: 'mailbox-over-quota', family: 'limit', target: 'mail', title: 'Every mailbox is over its quota' },
    inject: `sed -i 's/storage=50M/storage=1B/' /etc/dovecot/dovecot.conf; ${restartDovecot}`,
    heal: `sed -i 's/storage=1B/storage=50M/' /etc/dovecot/dovecot.conf; ${restartDovecot}`,
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['dc-quota-user'],
    lookalikes: ['store-full'],
  },
];

export const replicationFaults: readonly Fault[] = [
  {
    ...{
      id: 'replicator-stopped',
      family: 'replication',
      target: 'mail',
      title: 'The replicator hangs: the other holder falls behind',
    },
    inject: 'pkill -STOP -f "^dovecot/replicator"',
    heal: 'pkill -CONT -f "^dovecot/replicator" || true',
    bites: { check: 'replication', shows: /other holder/ },
    failureModes: ['dc-dsync-queue', 'dc-dsync-fail'],
    lookalikes: ['replication-blocked'],
  },
];
