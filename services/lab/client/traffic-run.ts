import type { ImapFlow } from 'imapflow';
import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import { countByPop3, type Outgoing, openImap, sendMail, withImap } from './lab-mail.ts';
import { planTraffic, type TrafficAction, type TrafficKind, type TrafficTask, trafficKinds } from './traffic-plan.ts';

// Simulated users at work from inside the client host.

/** Sessions at one time; what would need more is skipped and counted, so that a stuck server cannot pile up sessions. */
const openMax = 64;
const newsletterRecipients = 15;
const fetchedMax = 5;
/** Bots are elsewhere: were their address that of all users, Dovecot would let every user wait for what bots do. */
const botFamily = 4;
const userFamily = 6;

const figureSchema = z.object({
  attempted: z.int(),
  /** Ended as this kind should end; for bots that means refused. */
  done: z.int(),
  failed: z.int(),
  skipped: z.int(),
  medianMs: z.number(),
  p99Ms: z.number(),
  /** The first failure's words. */
  example: z.string().optional(),
});
/** What a server said to one message. Refused at its recipient, it was never seen, so its message id is nobody's. */
const sentSchema = z.object({
  messageId: z.string(),
  to: z.array(z.string()),
  outcome: z.enum(['accepted', 'refused']),
});
export type SentMessage = z.infer<typeof sentSchema>;
export const trafficRunSchema = z.object({
  run: z.string(),
  /** When the first action was due, epoch ms. */
  startedAt: z.number(),
  seconds: z.number(),
  kinds: z.record(z.string(), figureSchema),
  idle: z.object({ opened: z.int(), alive: z.int() }),
  sent: z.array(sentSchema),
});
export type TrafficRun = z.infer<typeof trafficRunSchema>;

type Tally = { attempted: number; failed: number; skipped: number; ms: number[]; example: string | undefined };

export async function runTraffic(task: TrafficTask, deps: { readonly clock: Clock }): Promise<TrafficRun> {
  const { clock } = deps;
  const tallies = new Map<TrafficKind, Tally>(
    trafficKinds.map((kind) => [kind, { attempted: 0, failed: 0, skipped: 0, ms: [], example: undefined }]),
  );
  const sent: SentMessage[] = [];
  const idle = await openIdle(task);
  const beganAt = clock.now();
  const startedAt = clock.monotonicMs();
  const open = new Set<Promise<void>>();
  for (const action of planTraffic(task)) {
    const waitMs = startedAt + action.afterMs - clock.monotonicMs();
    if (waitMs > 0) await new Promise<void>((done) => clock.after(waitMs, done));
    const tally = tallies.get(action.kind);
    if (tally === undefined) continue;
    tally.attempted++;
    if (open.size >= openMax) {
      tally.skipped++;
      continue;
    }
    const begunAt = clock.monotonicMs();
    const session = perform(task, action, sent).then(
      () => void tally.ms.push(clock.monotonicMs() - begunAt),
      (error: unknown) => {
        tally.failed++;
        tally.example ??= (error instanceof Error ? error.message : String(error)).slice(0, 200);
      },
    );
    open.add(session);
    session.finally(() => open.delete(session));
  }
  await Promise.all(open);
  const alive = idle.filter((client) => client.usable).length;
  for (const client of idle) client.close();
  return {
    run: task.run,
    startedAt: beganAt,
    seconds: Math.round((clock.monotonicMs() - startedAt) / 1000),
    kinds: Object.fromEntries([...tallies].map(([kind, tally]) => [kind, figureOf(tally)])),
    idle: { opened: idle.length, alive },
    sent,
  };
}

function figureOf({ attempted, failed, skipped, ms, example }: Tally): z.infer<typeof figureSchema> {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  const figure = { attempted, done: ms.length, failed, skipped, medianMs: at(0.5), p99Ms: at(0.99) };
  return example === undefined ? figure : { ...figure, example };
}

async function openIdle(task: TrafficTask): Promise<readonly ImapFlow[]> {
  const clients: ImapFlow[] = [];
  for (const { address, holders } of task.users.slice(0, task.idle)) {
    const client = await openImap({ host: holders[0] ?? '', user: address, family: userFamily }).catch(() => undefined);
    if (client === undefined) continue;
    await client.mailboxOpen('INBOX', { readOnly: true }).catch(() => {});
    // The session idles until it is closed, and its end is told by `usable`.
    client.idle().catch(() => {});
    clients.push(client);
  }
  return clients;
}

/** One action to its end; throws when it did not end as its kind should. */
async function perform(task: TrafficTask, action: TrafficAction, sent: SentMessage[]): Promise<void> {
  const user = task.users[action.user];
  const other = task.users[action.other];
  if (user === undefined || other === undefined) return;
  const host = user.holders[action.number % user.holders.length] ?? '';
  const relay = task.relays[action.relay] ?? host;
  const messageId = `<${task.run}-${action.number}@${task.domain}>`;
  const base = { subject: `${action.kind} ${action.number}`, messageId };
  const outside = { ...base, host: relay, port: 25, from: 'someone@accept.test' } as const;
  const submitted = {
    ...base,
    host,
    port: action.number % 2 === 0 ? 587 : 465,
    user: user.address,
    from: user.address,
    family: userFamily,
  } as const;
  const take = async (mail: Outgoing): Promise<void> => {
    const { accepted: taken, code, reply } = await sendMail(mail);
    if (!taken) throw new Error(`${code} ${reply}`);
    sent.push({ messageId, to: [...mail.to], outcome: 'accepted' });
  };
  switch (action.kind) {
    case 'inbound':
      return await take({ ...outside, to: [other.address] });
    case 'newsletter': {
      const to = Array.from(
        { length: Math.min(newsletterRecipients, task.users.length) },
        (_, step) => task.users[(action.other + step) % task.users.length]?.address ?? '',
      );
      return await take({
        ...outside,
        from: 'news@accept.test',
        to,
        headers: { 'X-Lab-Folder': 'Lists', 'List-Id': '<news.accept.test>' },
      });
    }
    case 'submit-local':
      return await take({ ...submitted, to: [other.address] });
    case 'submit-remote':
      return await take({ ...submitted, to: [`r${action.number}@accept.test`] });
    case 'greylisted-remote':
      return await take({ ...submitted, to: [`r${action.number}@greylist.test`] });
    case 'slow-remote':
      return await take({ ...submitted, to: [`r${action.number}@slow.test`] });
    case 'unknown-user': {
      const to = [`nobody-${task.run}-${action.number}@${user.address.split('@')[1]}`];
      await expectRefusal(sendMail({ ...outside, to }));
      sent.push({ messageId, to, outcome: 'refused' });
      return;
    }
    case 'wrong-password':
      return await expectRefusal(
        sendMail({ ...submitted, password: 'guessed', family: botFamily, to: [other.address] }),
      );
    case 'imap-read':
      await withImap({ host, user: user.address, family: userFamily }, async (client) => {
        const { exists } = await client.mailboxOpen('INBOX');
        if (exists > 0)
          await client.fetchAll(`${Math.max(1, exists - fetchedMax + 1)}:*`, { envelope: true, flags: true });
        if (exists > 0) await client.messageFlagsAdd('*', ['\\Seen']);
      });
      return;
    case 'imap-append':
      await withImap({ host, user: user.address, family: userFamily }, (client) =>
        client.append(
          'INBOX',
          `From: ${user.address}\r\nTo: ${user.address}\r\nSubject: kept\r\nMessage-ID: ${messageId}\r\n\r\nkept\r\n`,
          ['\\Seen'],
        ),
      );
      return;
    case 'pop3':
      await countByPop3(host, user.address, userFamily);
  }
}

async function expectRefusal(sending: Promise<{ accepted: boolean; code: number; reply: string }>): Promise<void> {
  const { code, reply } = await sending;
  // Dovecot's penalty holds an address that guesses for longer than Postfix waits for its answer (auth_failure_delay, RFC 4954 §6).
  const isHeldUp = code === 454 && reply.includes('Connection lost to authentication server');
  if (code < 500 && !isHeldUp) throw new Error(`not refused: ${code} ${reply}`);
}
