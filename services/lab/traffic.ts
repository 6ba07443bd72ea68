import type { LabRequestOf } from '../protocol/lab-request.ts';
import type { Clock } from '../runtime/clock.ts';
import type { TrafficTask } from './client/traffic-plan.ts';
import { type TrafficRun, trafficRunSchema } from './client/traffic-run.ts';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { mailboxesOf } from './roles/mailboxes.ts';
import { runInClient } from './run-in-client.ts';
import { hostsOf, type LabPlan } from './topology.ts';

/** Time beyond the run itself for its last sessions to end. */
const graceMs = 120_000;
const idleShare = 0.1;
const idleMax = 50;

export type TrafficWish = Pick<LabRequestOf<'traffic'>, 'users' | 'ratePerSecond' | 'seconds' | 'profile'>;

/** The figures of a run for each kind of action; who was written to stays out of it. */
export type TrafficReport = Omit<TrafficRun, 'sent'> & { readonly accepted: number; readonly refused: number };

/** Simulated users at work for `seconds`. */
export async function runLabTraffic(
  paths: LabPaths,
  request: TrafficWish,
  deps: { readonly clock: Clock },
): Promise<TrafficRun> {
  const { plan } = readRecord(paths);
  const task = trafficTask(plan, request, `t${deps.clock.now().toString(36)}`);
  return await runInClient(paths, plan, 'traffic', task, {
    answer: trafficRunSchema,
    timeoutMs: request.seconds * 1000 + graceMs,
  });
}

export function reportTraffic({ sent, ...run }: TrafficRun): TrafficReport {
  const accepted = sent.filter(({ outcome }) => outcome === 'accepted').length;
  return { ...run, accepted, refused: sent.length - accepted };
}

/** Users are spread over all domains; a tenth of them, at most 50, keep an idle IMAP session. */
export function trafficTask(plan: LabPlan, request: TrafficWish, run: string): TrafficTask {
  const mail = hostsOf(plan, 'mail');
  const domains = [...new Set(mail.flatMap((host) => host.domains))];
  const all = mailboxesOf(plan, domains).map(({ address }) => address);
  const perDomain = all.length / domains.length;
  const spread = all.map(
    (_, index) => all[(index % domains.length) * perDomain + Math.floor(index / domains.length)] ?? '',
  );
  const users = spread.slice(0, request.users).map((address) => ({
    address,
    holders: mail.filter((host) => host.domains.includes(address.split('@')[1] ?? '')).map(({ fqdn }) => fqdn),
  }));
  const { ratePerSecond, seconds, profile } = request;
  return {
    ...{ run, domain: plan.domain, seed: 1, ratePerSecond, seconds, profile, users },
    relays: mail.map(({ fqdn }) => fqdn),
    idle: Math.min(idleMax, Math.floor(users.length * idleShare)),
  };
}

export function renderTraffic(report: TrafficReport): string {
  const rows = Object.entries(report.kinds).map(([kind, figure]) => {
    const { attempted, done, failed, skipped, medianMs, p99Ms, example } = figure;
    const odd = example === undefined ? '' : `  ${example}`;
    return `${kind.padEnd(18)} ${attempted} tried, ${done} done, ${failed} failed, ${skipped} skipped; median ${medianMs} ms, p99 ${p99Ms} ms${odd}`;
  });
  const { opened, alive } = report.idle;
  return [
    ...rows,
    `${alive} of ${opened} idle IMAP sessions lasted.`,
    `${report.accepted} messages were acknowledged and ${report.refused} refused in ${report.seconds} s. Their ids begin with ${report.run}.`,
  ].join('\n');
}
