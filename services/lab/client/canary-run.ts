import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import { type SmtpOutcome, sendMail, withImap } from './lab-mail.ts';

// Numbered mails from inside the client host: sent, then looked for wherever they must be.

const findWithinMs = 30_000;
const lookEveryMs = 100;
const sendersMax = 8;
/** The family that bots of a traffic run do not use. */
const userFamily = 6;
/** The header that carries a canary's number. */
const canaryHeader = 'X-Lab-Canary';

export const canaryTaskSchema = z.object({
  run: z.string(),
  domain: z.string(),
  canaries: z.array(
    z.object({
      number: z.int(),
      /** Full name of the host that takes it. */
      host: z.string(),
      port: z.union([z.literal(25), z.literal(465), z.literal(587)]),
      user: z.string().optional(),
      to: z.string(),
      /** Full names of the hosts whose mailbox must hold it; none for a remote one. */
      holders: z.array(z.string()),
    }),
  ),
});
export type CanaryTask = z.infer<typeof canaryTaskSchema>;
type Canary = CanaryTask['canaries'][number];

export const canaryFindingSchema = z.object({
  number: z.int(),
  messageId: z.string(),
  accepted: z.boolean(),
  code: z.int(),
  reply: z.string(),
  /** Copies seen on each holder. */
  copies: z.record(z.string(), z.int()),
  /** From the accepting reply to the last holder that shows it. */
  visibleAfterMs: z.number().optional(),
  /** A flag set on the first holder was seen on the others; absent where there is one holder only. */
  flagSeen: z.boolean().optional(),
});
export type CanaryFinding = z.infer<typeof canaryFindingSchema>;

export const canaryMessageId = (run: string, number: number, domain: string): string =>
  `<canary-${run}-${number}@${domain}>`;

export async function runCanaries(
  task: CanaryTask,
  deps: { readonly clock: Clock },
): Promise<readonly CanaryFinding[]> {
  const waiting = [...task.canaries];
  const findings: CanaryFinding[] = [];
  const work = async (): Promise<void> => {
    for (let canary = waiting.shift(); canary !== undefined; canary = waiting.shift())
      findings.push(await runOne(task, canary, deps.clock));
  };
  await Promise.all(Array.from({ length: sendersMax }, work));
  return findings.toSorted((a, b) => a.number - b.number);
}

async function runOne(task: CanaryTask, canary: Canary, clock: Clock): Promise<CanaryFinding> {
  const messageId = canaryMessageId(task.run, canary.number, task.domain);
  const outcome: SmtpOutcome = await sendMail({
    host: canary.host,
    port: canary.port,
    ...(canary.user === undefined ? {} : { user: canary.user, family: userFamily }),
    from: canary.user ?? 'canary@accept.test',
    to: [canary.to],
    subject: `canary ${task.run} ${canary.number}`,
    messageId,
    headers: { [canaryHeader]: `${task.run}-${canary.number}` },
  });
  const acceptedAt = clock.monotonicMs();
  const { accepted, code, reply } = outcome;
  const finding = { number: canary.number, messageId, accepted, code, reply, copies: {} };
  if (!accepted || canary.holders.length === 0) return finding;
  const search: Search = { user: canary.to, messageId, clock, endsAt: acceptedAt + findWithinMs };
  const copies: Record<string, number> = {};
  for (const holder of canary.holders) copies[holder] = await waitForCopies(search, holder);
  if (Object.values(copies).includes(0)) return { ...finding, copies };
  const visibleAfterMs = Math.round(clock.monotonicMs() - acceptedAt);
  const [first = '', ...others] = canary.holders;
  if (others.length === 0) return { ...finding, copies, visibleAfterMs };
  const flagSeen = await flagTravels(search, first, others);
  return { ...finding, copies, visibleAfterMs, flagSeen };
}

type Search = { readonly user: string; readonly messageId: string; readonly clock: Clock; readonly endsAt: number };

async function waitForCopies(search: Search, host: string): Promise<number> {
  return (await pollMailbox(search, host, { header: { 'message-id': search.messageId } }))?.length ?? 0;
}

async function flagTravels(search: Search, from: string, others: readonly string[]): Promise<boolean> {
  const query = { header: { 'message-id': search.messageId } };
  await withImap({ host: from, user: search.user, family: userFamily }, async (client) => {
    await client.mailboxOpen('INBOX');
    await client.messageFlagsAdd(query, ['\\Flagged']);
  }).catch(() => {});
  const extended = { ...search, endsAt: search.clock.monotonicMs() + findWithinMs };
  for (const host of others)
    if ((await pollMailbox(extended, host, { ...query, flagged: true })) === undefined) return false;
  return true;
}

/** Sequence numbers that match, once any does; `undefined` when none did in time, or the host did not answer. */
async function pollMailbox(search: Search, host: string, query: object): Promise<readonly number[] | undefined> {
  while (search.clock.monotonicMs() < search.endsAt) {
    const found = await withImap({ host, user: search.user, family: userFamily }, async (client) => {
      await client.mailboxOpen('INBOX', { readOnly: true });
      return await client.search(query);
    }).catch(() => []);
    if (Array.isArray(found) && found.length > 0) return found;
    await new Promise<void>((done) => search.clock.after(lookEveryMs, done));
  }
  return undefined;
}
