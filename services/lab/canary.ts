import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../runtime/clock.ts';
import { type CanaryFinding, type CanaryTask, canaryFindingSchema } from './client/canary-run.ts';
import { type LabPaths, volumeFolder } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { sinkDomain } from './roles/remote.ts';
import { runInClient } from './run-in-client.ts';
import { hostsOf, type LabPlan } from './topology.ts';

const perCanaryMs = 5000;
const baseMs = 90_000;
const sinkWithinMs = 20_000;
const lookEveryMs = 100;

export type CanaryFate = 'delivered' | 'refused' | 'missing' | 'duplicated';
export type CanaryReport = {
  readonly run: string;
  readonly sent: number;
  readonly accepted: number;
  readonly delivered: number;
  readonly refused: number;
  /** Acknowledged and found nowhere in time. */
  readonly missing: number;
  readonly duplicated: number;
  readonly flags: { readonly set: number; readonly seen: number };
  /** From acknowledgement to the last mailbox that shows the message. */
  readonly visibleAfterMs: { readonly median: number; readonly worst: number };
  readonly canaries: readonly {
    readonly number: number;
    readonly messageId: string;
    readonly to: string;
    readonly fate: CanaryFate;
    readonly reply: string;
  }[];
};

/** Sends `count` numbered mails through every mail host and port, and tells the fate of each. */
export async function runCanary(
  paths: LabPaths,
  count: number,
  deps: { readonly clock: Clock },
): Promise<CanaryReport> {
  const { plan } = readRecord(paths);
  const run = deps.clock.now().toString(36);
  const task = planCanaries(plan, run, count);
  const timeoutMs = baseMs + count * perCanaryMs;
  const findings = await runInClient(paths, plan, 'canary', task, { answer: z.array(canaryFindingSchema), timeoutMs });
  const remoteIds = findings
    .filter(({ number, accepted }) => accepted && task.canaries[number - 1]?.holders.length === 0)
    .map(({ messageId }) => messageId);
  const sinkCounts = await waitForSinks(paths, plan, remoteIds, deps.clock);
  return reportCanaries(task, findings, sinkCounts);
}

/** Ports and recipients in turn: from outside, with a password, to each domain, and every fifth to the world. */
export function planCanaries(plan: LabPlan, run: string, count: number): CanaryTask {
  const mail = hostsOf(plan, 'mail');
  const domains = [...new Set(mail.flatMap((host) => host.domains))];
  const hasRemote = hostsOf(plan, 'remote').length > 0;
  const canaries = Array.from({ length: count }, (_, index): CanaryTask['canaries'][number] => {
    const host = mail[index % mail.length];
    const user = `u${(index % plan.mailboxes) + 1}@${host?.domains[0] ?? plan.domain}`;
    const isRemote = hasRemote && index % 5 === 4;
    const domain = domains[Math.floor(index / 2) % domains.length] ?? plan.domain;
    const port = isRemote || index % 3 === 1 ? 587 : index % 3 === 2 ? 465 : 25;
    return {
      number: index + 1,
      host: host?.fqdn ?? '',
      port,
      ...(port === 25 ? {} : { user }),
      to: isRemote ? `canary-${index + 1}@${sinkDomain('accept')}` : `u${(index % plan.mailboxes) + 1}@${domain}`,
      holders: isRemote ? [] : mail.filter((member) => member.domains.includes(domain)).map(({ fqdn }) => fqdn),
    };
  });
  return { run, domain: plan.domain, canaries };
}

/** The fate of each, from what was found in mailboxes and in the sinks' log. */
export function reportCanaries(
  task: CanaryTask,
  findings: readonly CanaryFinding[],
  sinkCounts: ReadonlyMap<string, number>,
): CanaryReport {
  const canaries = findings.map((finding) => {
    const canary = task.canaries[finding.number - 1];
    const isRemote = canary?.holders.length === 0;
    const copies = isRemote ? [sinkCounts.get(finding.messageId) ?? 0] : Object.values(finding.copies);
    const { number, messageId, reply } = finding;
    return { number, messageId, to: canary?.to ?? '', fate: fateOf(finding.accepted, copies), reply };
  });
  const withFate = (fate: CanaryFate): number => canaries.filter((canary) => canary.fate === fate).length;
  const flags = findings.filter(({ flagSeen }) => flagSeen !== undefined);
  const delays = findings.flatMap(({ visibleAfterMs }) => visibleAfterMs ?? []).toSorted((a, b) => a - b);
  return {
    run: task.run,
    sent: findings.length,
    accepted: findings.filter(({ accepted }) => accepted).length,
    delivered: withFate('delivered'),
    refused: withFate('refused'),
    missing: withFate('missing'),
    duplicated: withFate('duplicated'),
    flags: { set: flags.length, seen: flags.filter(({ flagSeen }) => flagSeen).length },
    visibleAfterMs: { median: delays[Math.floor(delays.length / 2)] ?? 0, worst: delays.at(-1) ?? 0 },
    canaries,
  };
}

export function renderCanary(report: CanaryReport): string {
  const { sent, delivered, refused, missing, duplicated, flags, visibleAfterMs } = report;
  const odd = report.canaries.filter(({ fate }) => fate !== 'delivered');
  return [
    ...odd.map(({ number, to, fate, reply }) => `canary ${number} to ${to} is ${fate}: ${reply}`),
    `${sent} sent: ${delivered} delivered, ${refused} refused, ${missing} missing, ${duplicated} duplicated.`,
    `${flags.seen} of ${flags.set} flag changes were seen on the other holder.`,
    `A message is visible everywhere after ${visibleAfterMs.median} ms (median), ${visibleAfterMs.worst} ms (worst).`,
  ].join('\n');
}

function fateOf(accepted: boolean, copies: readonly number[]): CanaryFate {
  if (!accepted) return 'refused';
  if (copies.some((count) => count > 1)) return 'duplicated';
  return copies.length > 0 && copies.every((count) => count === 1) ? 'delivered' : 'missing';
}

async function waitForSinks(
  paths: LabPaths,
  plan: LabPlan,
  messageIds: readonly string[],
  clock: Clock,
): Promise<ReadonlyMap<string, number>> {
  const endsAt = clock.monotonicMs() + sinkWithinMs;
  for (;;) {
    const counts = new Map<string, number>();
    for (const { messageId } of readSinkLog(paths, plan)) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
    if (messageIds.every((id) => counts.has(id)) || clock.monotonicMs() > endsAt) return counts;
    await new Promise<void>((done) => clock.after(lookEveryMs, done));
  }
}

const sinkEntrySchema = z.object({ messageId: z.string(), signed: z.boolean(), to: z.array(z.string()) });

/** What the sinks have taken so far, read from the disk of their host. */
export function readSinkLog(paths: LabPaths, plan: LabPlan): readonly z.infer<typeof sinkEntrySchema>[] {
  const remote = hostsOf(plan, 'remote')[0]?.name ?? '';
  try {
    const text = readFileSync(join(volumeFolder(paths, remote, 'log'), 'lab', 'accepted.jsonl'), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => sinkEntrySchema.parse(JSON.parse(line)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
