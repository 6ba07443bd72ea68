// The kinds of lines, in the groups that a person picks from. Every kind is in exactly one.
import type { EventKind } from '../../../protocol/mail-event.ts';
import type { TailGroup } from '../../words/words.ts';

const groupOfKind: Readonly<Record<EventKind, TailGroup>> = {
  connect: 'rest',
  disconnect: 'rest',
  client: 'messages',
  pickup: 'messages',
  reject: 'refusals',
  'connection-lost': 'faults',
  limit: 'faults',
  postscreen: 'refusals',
  dnsbl: 'refusals',
  tls: 'rest',
  'auth-success': 'logins',
  'auth-failure': 'logins',
  'message-id': 'messages',
  header: 'messages',
  queued: 'messages',
  delivery: 'deliveries',
  'bounce-notice': 'deliveries',
  removed: 'messages',
  expired: 'deliveries',
  hold: 'messages',
  discard: 'refusals',
  redirect: 'messages',
  filter: 'messages',
  policy: 'refusals',
  milter: 'messages',
  verdict: 'messages',
  login: 'logins',
  logout: 'logins',
  'mailbox-delivery': 'deliveries',
  sieve: 'mailboxes',
  'mailbox-action': 'mailboxes',
  replication: 'mailboxes',
  lifecycle: 'rest',
  statistics: 'rest',
  info: 'rest',
  warning: 'faults',
  error: 'faults',
  fatal: 'faults',
  panic: 'faults',
  unparsed: 'rest',
};

export const tailGroups: readonly TailGroup[] = [
  'messages',
  'deliveries',
  'refusals',
  'logins',
  'mailboxes',
  'faults',
  'rest',
];

export function kindsOf(groups: readonly TailGroup[]): EventKind[] {
  return (Object.keys(groupOfKind) as EventKind[]).filter((kind) => groups.includes(groupOfKind[kind]));
}

/** `deliveries,faults` as it stands in the URL; what is not a group is left out. */
export function readGroups(text: string | null): TailGroup[] {
  const named = new Set(text?.split(',') ?? []);
  return tailGroups.filter((group) => named.has(group));
}
