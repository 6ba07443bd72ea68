// Stories for the console's own tests: any number of plain ones, made from their index, and one of each kind that is hard
// to draw. Sentinels are found by their id.
import type {
  AttemptWire,
  CompletenessWire,
  LegWire,
  RecipientWire,
  StoryDetailWire,
  StoryLineWire,
  StorySummaryWire,
  StoryWire,
} from '../../../services/protocol/wire.ts';

type Fate = StoryWire['fate'];
export const iso = (time: number): string => new Date(time).toISOString();

const people = ['ann', 'bo', 'chen.wei', 'dora', 'emil', 'fatima', 'george', 'hanna', 'ivan', 'jana', 'li.na', 'mateo'];
const ours = ['example.org', 'lists.example.org', 'shop.example.net'];
const theirs = ['gmail.example', 'outlook.example', 'qq.example', 'uni-bonn.example', 'stadtwerke.example'];
const fates: readonly Fate[] = [
  ...Array<Fate>(14).fill('delivered'),
  ...(['deferred', 'bounced', 'rejected', 'rejected', 'delivered', 'discarded', 'held', 'expired'] as const),
];
const reasons: Readonly<Partial<Record<Fate, string>>> = {
  delivered: '250 2.0.0 Ok: queued as 7C1A93F0B2',
  deferred: 'connect to mx.gmail.example[203.0.113.7]:25: Connection timed out',
  bounced: '550 5.1.1 <bo@outlook.example>: Recipient address rejected: User unknown',
  rejected: '554 5.7.1 Service unavailable; Client host [198.51.100.23] blocked using zen.spamhaus.example',
  expired: 'message expired: 4.4.1 connection timed out',
  discarded: 'header Subject: casino discarded',
  held: 'held by access table',
};

const pick = <Item>(items: readonly Item[], at: number): Item => items[at % items.length] as Item;
/** A queue id that looks like one, the same for the same number. */
export function queueIdOf(number: number): string {
  const alphabet = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';
  let rest = (number + 1) * 2_654_435_761;
  let text = '';
  for (let at = 0; at < 8; at += 1) {
    text += alphabet[rest % alphabet.length];
    rest = Math.floor(rest / alphabet.length) + (number % 97) + 1;
  }
  return `4${text}z`;
}

/** When message number `index` was first seen: 800 ms apart, never quite even. */
export const plainTime = (index: number, now: number): number => now - 4000 - index * 800 - (index % 7) * 90;

/** The message number `index` of a list, the newest first. */
export function plainSummary(index: number, now: number): StorySummaryWire {
  const firstSeen = plainTime(index, now);
  const fate = pick(fates, index * 7 + Math.floor(index / 22));
  const inbound = index % 3 !== 0;
  const recipients = index % 40 === 0 ? 12 : 1;
  const to = `${pick(people, index * 5 + 3)}@${pick(inbound ? ours : theirs, index * 3)}`;
  const reason = reasons[fate];
  return {
    id: `plain-${index}`,
    firstSeenAt: iso(firstSeen),
    lastSeenAt: iso(firstSeen + 900),
    fate,
    closed: fate !== 'deferred' && fate !== 'held',
    messageId: `${index}.${firstSeen}@mail.example`,
    queueIds: fate === 'rejected' ? [] : [queueIdOf(index)],
    from: index % 29 === 0 ? '' : `${pick(people, index)}@${pick(inbound ? theirs : ours, index)}`,
    to: [to],
    recipientCount: recipients,
    size: 1200 + ((index * 7919) % 300_000),
    nodes: [pick(['mx1', 'mx2', 'relay'], index)],
    ...(reason === undefined ? {} : { reason }),
  };
}

const hourMs = 3_600_000;

type LegDraft = Partial<LegWire> & { readonly at: number; readonly node: string; readonly role: LegWire['role'] };
function leg(draft: LegDraft): LegWire {
  const { at, attempts = [], ...rest } = draft;
  const lastAttempt = attempts.at(-1);
  const closed = lastAttempt !== undefined && lastAttempt.status !== 'deferred';
  return {
    instance: 'postfix',
    firstSeenAt: iso(at),
    lastSeenAt: lastAttempt?.time ?? iso(at + 40),
    ...(draft.role === 'refused' || draft.role === 'mailbox' ? {} : { queuedAt: iso(at + 180) }),
    ...(closed ? { removedAt: lastAttempt.time } : {}),
    attempts,
    ...rest,
  };
}

type Delays = readonly [number, number, number, number];
function attempt(
  time: number,
  to: string,
  status: string,
  delays: Delays,
  more: Partial<AttemptWire> = {},
): AttemptWire {
  const [beforeQmgr, qmgr, connection, transmission] = delays;
  return {
    ...{ time: iso(time), to, status, delay: beforeQmgr + qmgr + connection + transmission },
    ...{ delays: { beforeQmgr, qmgr, connection, transmission }, dsn: status === 'sent' ? '2.0.0' : '4.4.1' },
    ...more,
  };
}

function linesOf(story: StoryWire): StoryLineWire[] {
  const lines: StoryLineWire[] = [];
  story.legs.forEach((one, at) => {
    const id = one.queueId ?? 'NOQUEUE';
    const say = (time: string, kind: string, daemon: string, text: string) =>
      lines.push({
        node: one.node,
        time,
        kind,
        leg: at,
        text: `${time.slice(0, -5)} ${one.node} postfix/${daemon}[2114]: ${text}`,
      });
    if (one.role === 'refused') {
      say(one.firstSeenAt, 'connect', 'smtpd', 'connect from unknown[198.51.100.23]');
      say(one.lastSeenAt, 'reject', 'smtpd', `NOQUEUE: reject: RCPT from unknown[198.51.100.23]: ${reasons.rejected}`);
      return;
    }
    if (one.role !== 'unknown')
      say(one.firstSeenAt, 'client', 'smtpd', `${id}: client=${one.clientHost ?? 'localhost'}[192.0.2.9]`);
    if (one.role !== 'unknown') say(one.firstSeenAt, 'message-id', 'cleanup', `${id}: message-id=<${story.messageId}>`);
    if (one.queuedAt !== undefined)
      say(one.queuedAt, 'queued', 'qmgr', `${id}: from=<${story.from}>, size=${story.size}, nrcpt=1 (queue active)`);
    for (const tried of one.attempts.slice(0, 400)) {
      const { delays } = tried;
      const parts =
        delays === undefined
          ? ''
          : `, delays=${delays.beforeQmgr}/${delays.qmgr}/${delays.connection}/${delays.transmission}`;
      say(
        tried.time,
        'delivery',
        'smtp',
        `${id}: to=<${tried.to}>, relay=${tried.relay?.host ?? 'none'}, delay=${tried.delay}${parts}, dsn=${tried.dsn}, status=${tried.status} (${tried.reason ?? ''})`,
      );
    }
    if (one.removedAt !== undefined) say(one.removedAt, 'removed', 'qmgr', `${id}: removed`);
  });
  return lines.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

function recipient(to: string, fate: Fate, time: number, more: Partial<RecipientWire> = {}): RecipientWire {
  const reason = reasons[fate];
  return { to, fate, time: iso(time), attempts: 1, ...(reason === undefined ? {} : { reason }), ...more };
}

function story(id: string, draft: Partial<StoryWire> & Pick<StoryWire, 'legs' | 'recipients' | 'fate'>): StoryWire {
  const times = draft.legs.flatMap((one) => [Date.parse(one.firstSeenAt), Date.parse(one.lastSeenAt)]);
  return {
    ...{ id, messageId: `${id}@mail.example`, from: 'ann@uni-bonn.example', size: 18_432, closed: true },
    ...{ firstSeenAt: iso(Math.min(...times)), lastSeenAt: iso(Math.max(...times)) },
    ...draft,
  };
}

/** Markup, a terminal's escapes, direction overrides, a formula, a very long word. */
export const hostileText = `<img src=x onerror="window.hostile=1"><script>window.hostile=1</script>\u001b[31mred\u202Eevil\u0000=cmd|'/c calc'!A1${'A'.repeat(6000)}`;

/** Three hosts and a content filter, from the outside into a mailbox. */
function sixLegs(now: number): StoryWire {
  const at = now - 3 * 60_000;
  const to = 'chen.wei@example.org';
  const hop = (
    name: string,
    start: number,
    role: LegWire['role'],
    node: string,
    next: string | undefined,
    delays: Delays,
    relay: string,
  ) =>
    leg({
      at: start,
      node,
      role,
      queueId: name,
      clientHost: role === 'smtp-in' ? 'mail.uni-bonn.example' : 'localhost',
      clientIp: '192.0.2.9',
      attempts: [
        attempt(start + 1000 * delays.reduce((sum, part) => sum + part, 0), to, 'sent', delays, {
          relay: { host: relay, ip: '192.0.2.30', port: 25 },
          reason:
            next === undefined ? '250 2.0.0 <chen.wei@example.org> Saved' : `250 2.0.0 from MTA: Ok: queued as ${next}`,
          ...(next === undefined ? {} : { nextQueueId: next }),
        }),
      ],
    });
  return story('six-legs', {
    fate: 'delivered',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    legs: [
      hop('4XmB1c0Qz1', at, 'smtp-in', 'mx1', '4XmB1d5Rt2', [0.24, 0.01, 0.03, 1.9], '127.0.0.1:10024'),
      hop('4XmB1d5Rt2', at + 2050, 'reinjected', 'mx1', '4XmB1f2Kp3', [0.06, 0.01, 0.32, 0.41], 'relay.example.org'),
      hop('4XmB1f2Kp3', at + 2830, 'forwarded', 'relay', '4XmB1g7Wd4', [0.19, 0.01, 0.02, 0.72], '127.0.0.1:10026'),
      hop('4XmB1g7Wd4', at + 3740, 'reinjected', 'relay', '4XmB1h9Bn5', [0.04, 0.01, 0.21, 0.3], 'mail.example.org'),
      hop(
        '4XmB1h9Bn5',
        at + 4280,
        'forwarded',
        'mail',
        undefined,
        [0.18, 0.02, 0.05, 0.4],
        'mail.example.org[private/dovecot-lmtp]',
      ),
      leg({ at: at + 4700, node: 'mail', role: 'mailbox', lastSeenAt: iso(at + 4930) }),
    ],
    recipients: [
      recipient(to, 'delivered', at + 4930, {
        mailbox: 'INBOX/University',
        sieve: 'fileinto',
        reason: "sieve: stored mail into mailbox 'INBOX/University'",
      }),
    ],
  });
}

/** Put off again and again for four days, then taken. */
function days(now: number, isOpen: boolean): StoryWire {
  const at = now - (isOpen ? 9 * hourMs : 5 * 24 * hourMs);
  const to = 'george@gmail.example';
  const tries: AttemptWire[] = [];
  let time = at + 31_000;
  let waitMs = 300_000;
  while (time < now - (isOpen ? 1 : 20) * hourMs) {
    tries.push(
      attempt(time, to, 'deferred', [(time - at) / 1000 - 30.3, 0.02, 30.2, 0.08], {
        reason: '421 4.7.28 Our system has detected an unusual rate of mail',
        relay: { host: 'mx.gmail.example', ip: '203.0.113.7', port: 25 },
      }),
    );
    waitMs = Math.min(4_000_000, waitMs * 2);
    time += waitMs + 31_000;
  }
  if (!isOpen)
    tries.push(
      attempt(time, to, 'sent', [(time - at) / 1000 - 3, 0.02, 1.2, 1.8], {
        reason: '250 2.0.0 OK',
        relay: { host: 'mx.gmail.example', ip: '203.0.113.7', port: 25 },
      }),
    );
  const last = Date.parse(tries.at(-1)?.time ?? iso(at));
  const fate = isOpen ? 'deferred' : 'delivered';
  return story(isOpen ? 'open' : 'days', {
    fate,
    closed: !isOpen,
    from: 'dora@example.org',
    legs: [
      leg({
        at,
        node: 'mx2',
        role: 'submission',
        queueId: '4XkQ2v0Lm9',
        saslUser: 'dora',
        clientHost: 'laptop.example.org',
        clientIp: '192.0.2.77',
        attempts: tries,
      }),
    ],
    recipients: [
      recipient(to, fate, last, {
        attempts: tries.length,
        relay: 'mx.gmail.example',
        ...(isOpen ? { reason: '421 4.7.28 Our system has detected an unusual rate of mail' } : {}),
      }),
    ],
  });
}

function manyRecipients(now: number): StoryWire {
  const at = now - 20 * 60_000;
  const fateAt = (index: number): Fate => (index % 97 === 0 ? 'bounced' : index % 41 === 0 ? 'deferred' : 'delivered');
  const list = Array.from({ length: 1000 }, (_, index) => ({
    to: `${pick(people, index)}.${index}@${pick(theirs, index)}`,
    fate: fateAt(index),
    time: at + 1500 + (index % 5) * 2400 + Math.floor(index / 5) * 12,
    relay: `mx.${pick(theirs, index)}`,
  }));
  const status = { delivered: 'sent', deferred: 'deferred', bounced: 'bounced' } as Record<Fate, string>;
  return story('many-recipients', {
    fate: 'deferred',
    closed: false,
    from: 'news@lists.example.org',
    size: 48_211,
    legs: [
      leg({
        at,
        node: 'relay',
        role: 'submission',
        queueId: '4XnB7s3Yt0',
        saslUser: 'lists',
        nrcpt: 1000,
        clientHost: 'lists.example.org',
        clientIp: '192.0.2.40',
        attempts: list.slice(0, 500).map((one) =>
          attempt(one.time, one.to, status[one.fate] ?? 'sent', [0.8, 0.05, 0.4 + (one.time % 5) / 10, 0.6], {
            relay: { host: one.relay },
          }),
        ),
        attemptsOmitted: 500,
      }),
    ],
    recipients: list.map((one) => recipient(one.to, one.fate, one.time, { relay: one.relay })),
    recipientsOmitted: 212,
  });
}

export function sentinelStories(now: number): ReadonlyMap<string, StoryWire> {
  const at = now - 90_000;
  const stories = [
    sixLegs(now),
    days(now, false),
    days(now, true),
    manyRecipients(now),
    story('one-leg', {
      fate: 'delivered',
      legs: [
        leg({
          at,
          node: 'mx1',
          role: 'smtp-in',
          queueId: '4XoC3p8Rv5',
          clientHost: 'mail.uni-bonn.example',
          clientIp: '192.0.2.9',
          attempts: [
            attempt(at + 1240, 'bo@example.org', 'sent', [0.31, 0.01, 0.2, 0.72], {
              relay: { host: 'mail.example.org' },
              reason: '250 2.0.0 Ok',
            }),
          ],
        }),
      ],
      recipients: [recipient('bo@example.org', 'delivered', at + 1240, { relay: 'mail.example.org' })],
    }),
    story('rejected', {
      fate: 'rejected',
      from: 'spam@outlook.example',
      legs: [
        leg({
          at,
          node: 'mx1',
          role: 'refused',
          clientIp: '198.51.100.23',
          clientHost: 'unknown',
          lastSeenAt: iso(at + 2300),
        }),
      ],
      recipients: [recipient('ann@example.org', 'rejected', at + 2300, { dsn: '5.7.1' })],
    }),
    story('unknown-beginning', {
      fate: 'bounced',
      notices: ['one-leg'],
      legs: [
        leg({
          at,
          node: 'mx2',
          role: 'unknown',
          queueId: '4XpD9k1Tz7',
          attempts: [
            attempt(at + 800, 'bo@outlook.example', 'bounced', [4020, 0.02, 0.4, 0.3], {
              relay: { host: 'mx.outlook.example' },
              dsn: '5.1.1',
              reason: reasons.bounced ?? '',
            }),
          ],
        }),
      ],
      recipients: [
        recipient('bo@outlook.example', 'bounced', at + 800, {
          dsn: '5.1.1',
          relay: 'mx.outlook.example',
          attempts: 7,
        }),
      ],
    }),
    story('hostile', {
      fate: 'bounced',
      from: hostileText,
      messageId: hostileText,
      legs: [
        leg({
          at,
          node: '<b>mx</b>',
          role: 'smtp-in',
          queueId: '<i>4X',
          helo: hostileText,
          clientHost: '<u>host</u>',
          attempts: [
            attempt(at + 900, hostileText, 'bounced', [0.2, 0, 0.1, 0.4], {
              reason: hostileText,
              relay: { host: '<svg onload=alert(1)>' },
            }),
          ],
        }),
      ],
      recipients: [recipient(hostileText, 'bounced', at + 900, { reason: hostileText, mailbox: hostileText })],
    }),
  ];
  return new Map(stories.map((one) => [one.id, one]));
}

export function summaryOf(one: StoryWire): StorySummaryWire {
  const { id, firstSeenAt, lastSeenAt, fate, closed } = one;
  const reason = one.recipients[0]?.reason;
  return {
    ...{ id, firstSeenAt, lastSeenAt, fate, closed },
    ...(one.messageId === undefined ? {} : { messageId: one.messageId }),
    queueIds: one.legs.flatMap((each) => each.queueId ?? []),
    ...(one.from === undefined ? {} : { from: one.from }),
    to: one.recipients.slice(0, 3).map((each) => each.to),
    recipientCount: one.recipients.length + (one.recipientsOmitted ?? 0),
    ...(one.size === undefined ? {} : { size: one.size }),
    nodes: [...new Set(one.legs.map((each) => each.node))],
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The whole story behind a row of the plain list. */
function plainStory(row: StorySummaryWire): StoryWire {
  const at = Date.parse(row.firstSeenAt);
  const [to = ''] = row.to;
  return story(row.id, {
    fate: row.fate,
    from: row.from,
    size: row.size,
    legs: [
      leg({
        at,
        node: row.nodes[0] ?? 'mx1',
        role: 'smtp-in',
        queueId: row.queueIds[0],
        attempts: [attempt(at + 900, to, row.fate === 'delivered' ? 'sent' : row.fate, [0.2, 0.01, 0.1, 0.59])],
      }),
    ],
    recipients: [recipient(to, row.fate, at + 900)],
  });
}

export function detailOf(
  row: StorySummaryWire | undefined,
  sentinel: StoryWire | undefined,
  completeness: CompletenessWire,
): StoryDetailWire | undefined {
  const one = sentinel ?? (row === undefined ? undefined : plainStory(row));
  if (one === undefined) return undefined;
  const lines = linesOf(one);
  if (one.id === 'hostile')
    lines.push({ node: '<b>mx</b>', time: one.lastSeenAt, kind: 'delivery', leg: 0, text: hostileText });
  return { story: one, lines, linesOmitted: one.id === 'many-recipients' ? 1734 : 0, completeness };
}
