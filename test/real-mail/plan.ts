// Which messages a run sends and what must become of each. Pure, and the same for the same count.
import type { Fate } from '../../services/protocol/story.ts';

export const mailDomain = 'real.test';
export const senderAddress = `sender@${mailDomain}`;
const users = ['alice', 'bob', 'carol'].map((user) => `${user}@${mailDomain}`);
/** Addresses with a mailbox, the sender's own included: it gets the bounce notices. */
export const mailboxUsers: readonly string[] = [...users, senderAddress];

/** Domains that lead to a sink with a mood of its own. */
export const sinkDomains = { takes: 'takes.test', defers: 'defers.test', bounces: 'bounces.test' } as const;

export type Kind =
  | 'delivered'
  | 'delivered-abroad'
  | 'deferred'
  | 'bounced-abroad'
  | 'bounced-unknown-user'
  | 'rejected-unknown-user'
  | 'rejected-relaying'
  | 'rejected-by-policy'
  | 'filtered'
  | 'sieve-moved'
  | 'sieve-discarded';

export type PlannedMail = {
  readonly kind: Kind;
  readonly messageId: string;
  readonly to: string;
  /** Through the entrance whose mail passes the content filter. */
  readonly isFiltered: boolean;
  /** A header that the sieve script of every mailbox acts on. */
  readonly sieveHeader?: 'X-Spam-Flag' | 'X-Unwanted';
  readonly expected: {
    readonly fate: Fate;
    readonly mailbox?: 'INBOX' | 'Junk';
    readonly nodes: readonly string[];
    /** Queues the message passes through, in all. */
    readonly queueIds: number;
  };
};

/** How many of ten messages are of a kind. */
const kindsOfTen: readonly Kind[] = [
  'delivered',
  'filtered',
  'sieve-moved',
  'deferred',
  'bounced-abroad',
  'rejected-unknown-user',
  'filtered',
  'delivered-abroad',
  'bounced-unknown-user',
  'sieve-discarded',
];
/** Every fifth refusal is for relaying, every fifth by the access table. */
const refusals: readonly Kind[] = [
  'rejected-unknown-user',
  'rejected-relaying',
  'rejected-unknown-user',
  'rejected-by-policy',
  'rejected-unknown-user',
];

const both = ['edge', 'store'];

export function planMails(count: number, runId: string): PlannedMail[] {
  return Array.from({ length: count }, (_, at) => {
    const drawn = kindsOfTen[at % kindsOfTen.length] ?? 'delivered';
    const kind =
      drawn === 'rejected-unknown-user'
        ? (refusals[Math.floor(at / kindsOfTen.length) % refusals.length] ?? drawn)
        : drawn;
    return planOne(kind, String(at).padStart(5, '0'), users[at % users.length] ?? senderAddress, runId);
  });
}

function planOne(kind: Kind, number: string, user: string, runId: string): PlannedMail {
  const mail = {
    kind,
    messageId: `<${runId}.${number}@client.test>`,
    to: user,
    isFiltered: false,
    isMarkedSpam: false,
  };
  switch (kind) {
    case 'delivered':
      return { ...mail, expected: { fate: 'delivered', mailbox: 'INBOX', nodes: both, queueIds: 2 } };
    case 'filtered':
      return { ...mail, isFiltered: true, expected: { fate: 'delivered', mailbox: 'INBOX', nodes: both, queueIds: 3 } };
    case 'sieve-moved':
      return {
        ...mail,
        sieveHeader: 'X-Spam-Flag',
        expected: { fate: 'delivered', mailbox: 'Junk', nodes: both, queueIds: 2 },
      };
    case 'sieve-discarded':
      return { ...mail, sieveHeader: 'X-Unwanted', expected: { fate: 'discarded', nodes: both, queueIds: 2 } };
    case 'delivered-abroad':
      return {
        ...mail,
        to: `n${number}@${sinkDomains.takes}`,
        expected: { fate: 'delivered', nodes: ['edge'], queueIds: 1 },
      };
    case 'deferred':
      return {
        ...mail,
        to: `n${number}@${sinkDomains.defers}`,
        expected: { fate: 'deferred', nodes: ['edge'], queueIds: 1 },
      };
    case 'bounced-abroad':
      return {
        ...mail,
        to: `n${number}@${sinkDomains.bounces}`,
        expected: { fate: 'bounced', nodes: ['edge'], queueIds: 1 },
      };
    case 'bounced-unknown-user':
      return { ...mail, to: `ghost${number}@${mailDomain}`, expected: { fate: 'bounced', nodes: both, queueIds: 2 } };
    case 'rejected-unknown-user':
      return {
        ...mail,
        to: `nobody${number}@${mailDomain}`,
        expected: { fate: 'rejected', nodes: ['edge'], queueIds: 0 },
      };
    case 'rejected-relaying':
      return { ...mail, to: `n${number}@elsewhere.test`, expected: { fate: 'rejected', nodes: ['edge'], queueIds: 0 } };
    case 'rejected-by-policy':
      return {
        ...mail,
        to: `blocked${number}@${mailDomain}`,
        expected: { fate: 'rejected', nodes: ['edge'], queueIds: 0 },
      };
  }
}

/** What a person would type to find it: its message id, or the address where it was refused before it had one. */
export const queryFor = (mail: PlannedMail): string => (mail.expected.queueIds === 0 ? mail.to : mail.messageId);
