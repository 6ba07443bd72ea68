import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { storyDetailSchema, storyPageSchema } from '../protocol/api.ts';
import { AppError } from '../protocol/errors.ts';
import type { Recipient } from '../protocol/story.ts';
import type { Clock } from '../runtime/clock.ts';
import { type CanaryReport, runCanary } from './canary.ts';
import type { SentMessage, TrafficRun } from './client/traffic-run.ts';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import type { TrafficWish } from './traffic.ts';
import { findMessages, type Whereabouts } from './traffic-truth.ts';

// Whether Mailward tells the truth about every message of a run. The truth is read from mailboxes and sinks; what is told is
// asked of control as `mailward trace` asks it, and of the command itself for a sample.

/** Messages of one run that are looked up one by one. */
const checkedMax = 20_000;
const askersMax = 8;
const sampledMax = 20;
const wrongShownMax = 20;
/** Greylisted and slow remotes take a message within a few retries. */
const settleMs = 180_000;
const lookEveryMs = 2000;
const canariesARound = 10;
const canaryPauseMs = 10_000;
const cliMain = join(import.meta.dirname, '../cli/main.ts');

export type TrafficCheck = {
  /** Accepted and refused ones. */
  readonly messages: number;
  readonly found: number;
  /** What is told of each recipient is what happened. */
  readonly rightFate: number;
  /** Of these, how many are delivered for all recipients, still wait somewhere, or were refused. */
  readonly fates: { readonly delivered: number; readonly waiting: number; readonly rejected: number };
  /** The same asked of the command `mailward trace` itself, for a sample. */
  readonly byCommand: { readonly asked: number; readonly found: number };
  readonly canaries: CanaryCount;
  readonly wrong: readonly { readonly query: string; readonly expected: string; readonly told: string }[];
};
export type CanaryCount = Record<'sent' | 'delivered' | 'refused' | 'lost' | 'duplicated', number>;

/** Throws `bad-request` for a run with more messages than are looked up. */
export function requireCheckable({ ratePerSecond, seconds }: TrafficWish): void {
  if (ratePerSecond * seconds > checkedMax)
    throw new AppError('bad-request', `A run of more than ${checkedMax} actions is not checked message by message`, {
      hint: 'Take a lower rate, a shorter time, or leave out --check',
    });
}

/** Sends canaries, a few at a time, until `until` has come; every one of them is accounted for. */
export async function runCanariesUntil(
  paths: LabPaths,
  until: Promise<unknown>,
  deps: { readonly clock: Clock },
): Promise<CanaryCount> {
  let isOver = false;
  const over = until
    .catch(() => {})
    .then(() => {
      isOver = true;
    });
  const reports: CanaryReport[] = [];
  while (!isOver) {
    reports.push(await runCanary(paths, canariesARound, deps));
    await Promise.race([over, wait(canaryPauseMs, undefined, { ref: false })]);
  }
  const sum = (key: 'sent' | 'delivered' | 'refused' | 'missing' | 'duplicated'): number =>
    reports.reduce((total, report) => total + report[key], 0);
  return {
    sent: sum('sent'),
    delivered: sum('delivered'),
    refused: sum('refused'),
    lost: sum('missing'),
    duplicated: sum('duplicated'),
  };
}

/** Asks after every message of a run until what is told is right, or `settleMs` have passed. */
export async function checkTraffic(
  paths: LabPaths,
  run: TrafficRun,
  canaries: CanaryCount,
  { clock }: { readonly clock: Clock },
): Promise<TrafficCheck> {
  const { plan, pageUrl } = readRecord(paths);
  if (pageUrl === undefined) throw new AppError('not-found', 'This topology has no control to ask');
  const since = new Date(run.startedAt).toISOString();
  const endsAt = clock.monotonicMs() + settleMs;
  const right = new Map<SentMessage, Fate>();
  const told = new Map<SentMessage, readonly Recipient[]>();
  let truth: Whereabouts = new Map();
  for (;;) {
    truth = findMessages(paths, plan, run.run);
    const open = run.sent.filter((message) => !isSettled(right.get(message)));
    await eachOf(open, async (message) => {
      const recipients = await askControl(pageUrl, queryOf(message), since);
      if (recipients !== undefined) told.set(message, recipients);
      const fate = judgeMessage(message, truth, recipients ?? []);
      if (fate === undefined) right.delete(message);
      else right.set(message, fate);
    });
    if (run.sent.every((message) => isSettled(right.get(message))) || clock.monotonicMs() > endsAt) break;
    await wait(lookEveryMs);
  }
  const fates = [...right.values()];
  const withFate = (fate: Fate): number => fates.filter((each) => each === fate).length;
  return {
    messages: run.sent.length,
    found: told.size,
    rightFate: right.size,
    fates: { delivered: withFate('delivered'), waiting: withFate('waiting'), rejected: withFate('rejected') },
    byCommand: await sampleByCommand(pageUrl, run.sent),
    canaries,
    wrong: run.sent
      .filter((message) => !right.has(message))
      .slice(0, wrongShownMax)
      .map((message) => ({
        query: queryOf(message),
        expected: describeTruth(message, truth),
        told: (told.get(message) ?? []).map(({ to, fate }) => `${to} ${fate}`).join(', ') || 'nothing',
      })),
  };
}

type Fate = 'delivered' | 'waiting' | 'rejected';
const isSettled = (fate: Fate | undefined): boolean => fate === 'delivered' || fate === 'rejected';

/**
 * The fate of a message when each of its recipients has the one that is told: refused, or there, or on its way. `undefined`
 * when anything else is told of any of them.
 */
export function judgeMessage(
  message: SentMessage,
  truth: Whereabouts,
  told: readonly Pick<Recipient, 'to' | 'origTo' | 'fate'>[],
): Fate | undefined {
  const fatesOf = (address: string) =>
    told.filter(({ to, origTo }) => to === address || origTo === address).map(({ fate }) => fate);
  if (message.outcome === 'refused')
    return message.to.every((address) => fatesOf(address).includes('rejected')) ? 'rejected' : undefined;
  const places = truth.get(message.messageId) ?? new Set();
  let waits = false;
  for (const address of message.to) {
    const fates = fatesOf(address);
    const isThere = places.has(address);
    const isRight = isThere
      ? fates.includes('delivered')
      : fates.length > 0 && fates.every((fate) => fate === 'in-transit' || fate === 'deferred');
    if (!isRight) return undefined;
    waits ||= !isThere;
  }
  return waits ? 'waiting' : 'delivered';
}

const queryOf = ({ outcome, messageId, to }: SentMessage): string =>
  outcome === 'accepted' ? messageId : `to:${to[0] ?? ''}`;

function describeTruth({ outcome, messageId, to }: SentMessage, truth: Whereabouts): string {
  if (outcome === 'refused') return `${to.join(', ')} rejected`;
  return to.map((address) => `${address} ${truth.get(messageId)?.has(address) ? 'delivered' : 'not there'}`).join(', ');
}

/** The recipients of every story that a search finds; `undefined` when it finds none. */
async function askControl(pageUrl: string, q: string, since: string): Promise<readonly Recipient[] | undefined> {
  const page = storyPageSchema.parse(await askJson(pageUrl, `/api/v1/stories?${new URLSearchParams({ q, since })}`));
  if (page.items.length === 0) return undefined;
  const details = [];
  for (const { id } of page.items)
    details.push(storyDetailSchema.parse(await askJson(pageUrl, `/api/v1/stories/${encodeURIComponent(id)}`)));
  return details.flatMap(({ story }) => story.recipients);
}

async function askJson(pageUrl: string, path: string): Promise<unknown> {
  const response = await fetch(new URL(path, pageUrl));
  if (!response.ok) throw new AppError('unreachable', `Control answers ${response.status} to ${path}`);
  return await response.json();
}

/** Runs the command as a person would, for messages spread over the run. */
async function sampleByCommand(
  pageUrl: string,
  sent: readonly SentMessage[],
): Promise<{ readonly asked: number; readonly found: number }> {
  const step = Math.max(1, Math.ceil(sent.length / sampledMax));
  const sample = sent.filter((_, index) => index % step === 0);
  let found = 0;
  for (const message of sample) {
    const child = spawn(process.execPath, [cliMain, 'trace', '--url', pageUrl, queryOf(message)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const status = new Promise<number | null>((resolve) => child.once('close', resolve));
    const words = await text(child.stdout);
    if ((await status) === 0 && message.to.some((address) => words.includes(address))) found++;
  }
  return { asked: sample.length, found };
}

async function eachOf<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const work = async (): Promise<void> => {
    for (const item of waiting) await task(item);
  };
  await Promise.all(Array.from({ length: askersMax }, work));
}

export function renderCheck(check: TrafficCheck): string {
  const { messages, found, rightFate, fates, byCommand, canaries, wrong } = check;
  return [
    ...wrong.map(({ query, expected, told }) => `${query}: ${expected}, but told is: ${told}`),
    `${found} of ${messages} messages are found by trace, ${rightFate} with their right fate: ${fates.delivered} delivered, ${fates.waiting} on their way, ${fates.rejected} rejected.`,
    `The command itself found ${byCommand.found} of a sample of ${byCommand.asked}.`,
    `${canaries.sent} canaries: ${canaries.delivered} delivered, ${canaries.refused} refused, ${canaries.lost} lost, ${canaries.duplicated} duplicated.`,
  ].join('\n');
}

export function isAllRight({ messages, rightFate, byCommand, canaries }: TrafficCheck): boolean {
  return rightFate === messages && byCommand.found === byCommand.asked && canaries.delivered === canaries.sent;
}
