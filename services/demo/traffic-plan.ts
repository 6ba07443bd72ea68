import * as cast from './cast.ts';
import type { Draft } from './mail.ts';
import type { Listener } from './mail-node.ts';
import { alphabets, type Random } from './random.ts';

/** One thing that somebody does. A plan is a sequence of these; a network, simulated or real, carries them out. */
export type Intent =
  | {
      readonly kind: 'send';
      readonly entrance: cast.NodeName;
      readonly listener: Exclude<Listener, 'reinject'>;
      readonly client: cast.Party;
      /** The account that logs in first; its password is the demo's own unless `hasWrongPassword`. */
      readonly account?: string;
      readonly hasWrongPassword?: boolean;
      readonly draft: Draft;
    }
  | { readonly kind: 'read'; readonly account: string; readonly client: cast.Party; readonly hasWrongPassword: boolean }
  | { readonly kind: 'release-held' };

const words = [
  'agenda',
  'invoice',
  'minutes',
  'schedule',
  'report',
  'photos',
  'draft',
  'question',
  'contract',
  'review',
] as const;
const months = ['January', 'March', 'May', 'quarter two', 'the board', 'the team', 'Monday', 'the audit'] as const;
const names = ['mia', 'noah', 'li', 'sofia', 'omar', 'emma', 'yuki', 'lucas'] as const;

type Writer = (random: Random, idDomain: string) => Omit<Draft, 'from' | 'to'>;
const write: Writer = (random, idDomain) => ({
  messageId: `<${random.text(16, alphabets.hex)}@${idDomain}>`,
  subject: `${random.pick(words)} for ${random.pick(months)}`,
  body: 'As discussed, please find the text below.\r\n'.repeat(random.between(1, 60)),
});

const userOf = (random: Random): string =>
  cast.addressOf(random.pick(cast.users.filter((user) => user !== cast.fullUser) as [cast.User]));
const strangerOf = (random: Random, remoteDomain: string): string => `${random.pick(names)}@${remoteDomain}`;

/** Mail from the world. */
function receive(
  random: Random,
  entrance: 'mx1' | 'mx2',
  change: Partial<Draft> = {},
  client = random.pick(cast.senders),
): Intent {
  const remoteDomain = client.host.endsWith('.com') ? 'example.com' : 'example.net';
  const draft = {
    ...write(random, remoteDomain),
    from: strangerOf(random, remoteDomain),
    to: [userOf(random)],
    ...change,
  };
  return { kind: 'send', entrance, listener: 'smtp', client, draft };
}

/** Mail from one of our users, through submission. */
function submit(random: Random, to: string, change: Partial<Draft> = {}): Intent {
  const account = userOf(random);
  const draft = { ...write(random, cast.domain), from: account, to: [to], ...change };
  return { kind: 'send', entrance: 'mx2', listener: 'submission', client: random.pick(cast.desks), account, draft };
}

/** What happens, and how often: of the sum of the weights. */
const habits: readonly { readonly weight: number; readonly name: string; readonly make: (random: Random) => Intent }[] =
  [
    { name: 'inbound through the filter', weight: 300, make: (random) => receive(random, 'mx1') },
    { name: 'inbound straight', weight: 120, make: (random) => receive(random, 'mx2') },
    {
      name: 'spam, marked by the filter and moved by sieve',
      weight: 70,
      make: (random) => receive(random, 'mx1', { subject: `You are a winner, prize ${random.between(1000, 9999)}` }),
    },
    {
      name: 'a mailing list, moved by sieve',
      weight: 50,
      make: (random) =>
        receive(random, 'mx1', { listId: '<news.lists.example.net>', to: cast.users.slice(0, 3).map(cast.addressOf) }),
    },
    {
      name: 'discarded by a sieve script',
      weight: 10,
      make: (random) => receive(random, 'mx2', { subject: 'Birthday card' }),
    },
    { name: 'outbound', weight: 150, make: (random) => submit(random, strangerOf(random, 'example.net')) },
    {
      name: 'outbound to two domains',
      weight: 25,
      make: (random) =>
        submit(random, '', {
          to: [strangerOf(random, 'example.net'), strangerOf(random, 'example.com'), userOf(random)],
        }),
    },
    {
      name: 'sent by an application that is traced',
      weight: 30,
      make: (random) => {
        const traceparent = `00-${random.text(32, alphabets.hex)}-${random.text(16, alphabets.hex)}-01`;
        const from = cast.addressOf('erin');
        const draft = {
          ...write(random, cast.application.host),
          from,
          to: [strangerOf(random, 'example.com')],
          traceparent,
        };
        return {
          kind: 'send',
          entrance: 'mx2',
          listener: 'submission',
          client: cast.application,
          account: from,
          draft,
        };
      },
    },
    { name: 'from user to user', weight: 70, make: (random) => submit(random, userOf(random)) },
    {
      name: 'greylisted, later sent',
      weight: 40,
      make: (random) => submit(random, strangerOf(random, 'slow.example')),
    },
    { name: 'bounced with a notice', weight: 20, make: (random) => submit(random, strangerOf(random, 'gone.example')) },
    {
      name: 'deferred until it expires: full',
      weight: 5,
      make: (random) => submit(random, strangerOf(random, 'full.example')),
    },
    {
      name: 'deferred until it expires: down',
      weight: 5,
      make: (random) => submit(random, strangerOf(random, 'down.example')),
    },
    {
      name: 'bounced by a full mailbox',
      weight: 8,
      make: (random) => receive(random, 'mx2', { to: [cast.addressOf(cast.fullUser)] }),
    },
    {
      name: 'refused: no such user',
      weight: 60,
      make: (random) =>
        receive(random, random.pick(['mx1', 'mx2']), { to: [`${random.text(6, alphabets.hex)}@${cast.domain}`] }),
    },
    {
      name: 'refused: relaying',
      weight: 15,
      make: (random) => receive(random, 'mx1', { to: [strangerOf(random, 'example.com')] }, cast.intruders[1]),
    },
    { name: 'refused: listed', weight: 35, make: (random) => receive(random, 'mx1', {}, cast.intruders[0]) },
    {
      name: 'held for an operator',
      weight: 4,
      make: (random) => receive(random, 'mx1', { subject: `[quarantine] macro in ${random.pick(words)}.doc` }),
    },
    {
      name: 'discarded by a header check',
      weight: 8,
      make: (random) => receive(random, 'mx1', { subject: '[load test] ignore' }),
    },
    {
      name: 'a wrong password in submission',
      weight: 12,
      make: (random) =>
        ({ ...submit(random, userOf(random)), client: random.pick(cast.intruders), hasWrongPassword: true }) as Intent,
    },
    {
      name: 'a user reads mail',
      weight: 130,
      make: (random) => ({
        kind: 'read',
        account: userOf(random),
        client: random.pick(cast.desks),
        hasWrongPassword: false,
      }),
    },
    {
      name: 'a wrong password in IMAP',
      weight: 15,
      make: (random) => ({
        kind: 'read',
        account: userOf(random),
        client: random.pick(cast.intruders),
        hasWrongPassword: true,
      }),
    },
    { name: 'an operator releases what is held', weight: 1, make: () => ({ kind: 'release-held' }) },
  ];
const weightTotal = habits.reduce((sum, { weight }) => sum + weight, 0);

/** The next thing that somebody does. */
export function nextIntent(random: Random): Intent {
  let left = random.next() * weightTotal;
  for (const habit of habits) {
    left -= habit.weight;
    if (left < 0) return habit.make(random);
  }
  return { kind: 'release-held' };
}

/** Mean time between two intents: a few messages a second at most, easy on a laptop. */
export const meanGapMs = 1100;

/** Time to the next intent: irregular, and busier and calmer over some minutes, as people are. */
export function nextGapMs(random: Random, time: number): number {
  const tide = 1 + 0.45 * Math.sin(time / 420_000);
  return Math.min(10_000, Math.max(60, (-Math.log(1 - random.next()) * meanGapMs) / tide));
}
