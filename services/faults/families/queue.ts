import type { Fault } from '../fault.ts';
import { postconf } from './daemons.ts';

// Mail that stands in the way of other mail.

const family = 'queue';
const floodSender = 'flood@localhost';
/** Bounded: so many messages to one domain. */
const flood = (count: number, domain: string): string =>
  `i=0; while [ $i -lt ${count} ]; do printf 'Subject: flood\\n\\nx\\n' | sendmail -f ${floodSender} "r$i@${domain}"; i=$((i+1)); done`;
const removeFlood = `mailq | awk '/ ${floodSender}$/ { sub(/[*!]$/, "", $1); print $1 }' | postsuper -d - 2>/dev/null`;

export const queueFaults: readonly Fault[] = [
  postconf(
    family,
    'active-queue-full',
    'Mail to a host that hangs fills the active queue, and all other mail waits behind it',
    'qmgr_message_active_limit=10 qmgr_message_recipient_limit=10 smtp_data_done_timeout=300s',
    {
      alsoInject: flood(30, 'hang.test'),
      alsoHeal: removeFlood,
      bites: { check: 'mailbox', shows: /not in the mailbox/ },
      failureModes: ['pf-active-queue-full', 'pf-incoming-backlog', 'pf-deferred-one-domain'],
      lookalikes: ['qmgr-stopped', 'slow-domain-holds-all'],
    },
  ),
  postconf(
    family,
    'slow-domain-holds-all',
    'One slow domain holds every process that delivers to the world',
    '-F smtp/unix/process_limit=2; postconf smtp_data_done_timeout=300s',
    {
      alsoInject: flood(10, 'hang.test'),
      alsoHeal: removeFlood,
      bites: { check: 'outbound' },
      failureModes: ['pf-deferred-one-domain', 'pf-process-limit', 'pf-out-timeout-conversation'],
      lookalikes: ['active-queue-full', 'smtp-out-blocked', 'provider-hangs'],
    },
  ),
  postconf(
    family,
    'mail-sent-back-to-itself',
    'Mail for the own mailboxes is routed back to this host',
    "virtual_transport='smtp:[127.0.0.1]:25'",
    {
      bites: { check: 'mailbox', shows: /not in the mailbox/ },
      failureModes: ['pf-loops-back', 'esc-5-4-6'],
      lookalikes: ['mail-loop', 'lmtp-socket-gone'],
    },
  ),
  postconf(
    family,
    'mail-loop',
    'Mail goes round in a loop until it has passed too many hosts',
    "virtual_transport='relay:[127.0.0.1]:25' hopcount_limit=20; postconf -P relay/unix/myhostname=elsewhere.invalid",
    {
      bites: { check: 'mailbox', shows: /not in the mailbox/ },
      failureModes: ['pf-too-many-hops', 'esc-5-4-6'],
      lookalikes: ['mail-sent-back-to-itself', 'qmgr-stopped'],
    },
  ),
  postconf(
    family,
    'transport-misspelt',
    'The transport of the mailboxes has a name that master.cf does not know',
    'virtual_transport=lmpt:unix:private/dovecot-lmtp',
    {
      bites: { check: 'mailbox', shows: /not in the mailbox/ },
      failureModes: ['pf-mail-transport-unavailable', 'pf-qmgr-transport-suspended'],
      lookalikes: ['lmtp-socket-gone', 'qmgr-stopped'],
    },
  ),
  {
    ...{ id: 'backscatter', family, target: 'client' },
    title: 'Strangers forge a user as sender, and the bounces of the world come to that user',
    parameters: { against: 'mx1.lab.test', mailbox: 'u3@lab.test' },
    inject:
      'setsid node /opt/mailward/services/lab/main.ts attack backscatter "$against" "$mailbox" >/dev/null 2>&1 </dev/null &',
    heal: "pkill -f 'main.ts attack backscatter' || true",
    bites: { check: 'quiet' },
    failureModes: ['pf-bounce-backlog', 'sym-queue-growth'],
    lookalikes: ['account-compromised'],
  },
];
