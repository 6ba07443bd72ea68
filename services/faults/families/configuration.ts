import type { Fault } from '../fault.ts';
import { awaitEnd, postconf } from './daemons.ts';

const family = 'configuration';

export const configurationFaults: readonly Fault[] = [
  postconf(
    family,
    'restriction-misspelt',
    'A restriction has a name that does not exist',
    "smtpd_recipient_restrictions='reject_bogus permit'",
    {
      bites: { check: 'smtp', shows: /451|4\.3\.5/ },
      failureModes: ['pf-unknown-restriction', 'pf-smtpd-server-config-error'],
      lookalikes: ['alias-map-missing', 'rspamd-killed'],
    },
  ),
  postconf(family, 'alias-map-missing', 'A lookup table has no file', 'virtual_alias_maps=hash:/etc/postfix/absent', {
    bites: { check: 'smtp', shows: /45\d/ },
    failureModes: ['pf-map-open-fail', 'pf-temp-lookup-failure'],
    lookalikes: ['restriction-misspelt', 'databases-killed'],
  }),
  postconf(family, 'relayhost-dead', 'The relay host is an address that nobody has', "relayhost='[10.77.1.251]'", {
    bites: { check: 'outbound' },
    failureModes: ['pf-out-no-route', 'pf-out-conn-timeout-one'],
    lookalikes: ['smtp-out-blocked', 'resolver-killed'],
  }),
  postconf(
    family,
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
    family,
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
      family,
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
      family,
      target: 'mail',
      title: 'Dovecot is restarted on a configuration with a fault',
    },
    inject: `echo "bogus_setting = 1" >>/etc/dovecot/dovecot.conf; doveadm stop || pkill -x dovecot; ${awaitEnd('dovecot')}; service_start dovecot || true`,
    heal: `sed -i '/^bogus_setting/d' /etc/dovecot/dovecot.conf; pkill -x dovecot || true; ${awaitEnd('dovecot')}; service_start dovecot`,
    bites: { check: 'imap' },
    failureModes: ['dc-config-error', 'dc-master-down'],
    lookalikes: ['dovecot-master-killed'],
  },
  {
    ...{ id: 'submission-auth-off', family, target: 'mail', title: 'Submission offers no AUTH' },
    inject: 'postconf -P submission/inet/smtpd_sasl_auth_enable=no; postfix reload',
    heal: 'postconf -P submission/inet/smtpd_sasl_auth_enable=yes; postfix reload',
    bites: { check: 'submission' },
    failureModes: ['pf-auth-not-offered'],
    lookalikes: ['auth-socket-gone'],
  },
];
