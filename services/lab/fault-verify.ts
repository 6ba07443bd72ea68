import { benignEvents } from '../faults/benign.ts';
import type { BenignEvent, Fault, FaultCheck } from '../faults/fault.ts';
import { impossibleFaults } from '../faults/registry.ts';
import { AppError } from '../protocol/errors.ts';
import type { LabRequestOf } from '../protocol/lab-request.ts';
import type { Clock } from '../runtime/clock.ts';
import type { UserFinding } from './client/user-check.ts';
import { runCheck } from './fault-checks.ts';
import {
  ableHosts,
  faultNamed,
  faultsFrom,
  findActive,
  healFault,
  injectFault,
  targetsOf,
  whyNotHere,
} from './fault-run.ts';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { hostsOf, type LabHost, type LabPlan } from './topology.ts';

/** Each fault is injected, must bite, is healed, and its check must hold again. */

const bitesWithinMs = 45_000;
const healthyWithinMs = 90_000;
const lookEveryMs = 300;
/** Longer than any bite takes: verification heals by hand, the timer is for accidents. */
const ttlSeconds = 300;

export type FaultVerdict = {
  readonly id: string;
  readonly verified: boolean;
  /** What the user met while the fault was on, or what went otherwise than it should. */
  readonly detail: string;
  readonly bitAfterMs?: number;
  readonly healedAfterMs?: number;
};
export type BenignVerdict = { readonly id: string; readonly steady: boolean; readonly detail: string };
export type VerifyReport = {
  readonly faults: number;
  readonly verified: number;
  readonly leftOn: number;
  readonly impossible: readonly { readonly id: string; readonly reason: string }[];
  readonly families: number;
  readonly seconds: number;
  readonly verdicts: readonly FaultVerdict[];
  readonly benign: readonly BenignVerdict[];
};

type Lab = { readonly paths: LabPaths; readonly plan: LabPlan; readonly clock: Clock };
type VerifyDeps = { readonly clock: Clock; readonly say: (words: string) => void };

/**
 * Faults of single mail hosts go on side by side, one at a time on each host: its users notice, and users of the others do
 * not. What others would feel, the other holder of the same mailboxes among them, goes on alone. Benign events come last, unless single faults were asked for.
 */
export async function verifyFaults(
  paths: LabPaths,
  request: LabRequestOf<'fault-verify'>,
  { clock, say }: VerifyDeps,
): Promise<VerifyReport> {
  const startedAt = clock.monotonicMs();
  const lab: Lab = { paths, plan: readRecord(paths).plan, clock };
  const wanted = request.only.length > 0 ? request.only.map(faultNamed) : faultsFrom(request.from);
  const notHere = wanted.flatMap((fault) => {
    const reason = whyNotHere(lab.plan, fault);
    return reason === undefined ? [] : [{ id: fault.id, reason }];
  });
  const possible = wanted.filter(({ id }) => !notHere.some((entry) => entry.id === id));
  const verdictById = new Map<string, FaultVerdict>();
  const judge = async (fault: Fault, mailHost: LabHost | undefined): Promise<void> => {
    const verdict = await verifyOne(lab, fault, mailHost?.name ?? '').catch((error: unknown): FaultVerdict => {
      if (!(error instanceof AppError)) throw error;
      return { id: fault.id, verified: false, detail: error.message };
    });
    say(`${verdict.verified ? 'verified' : 'NOT VERIFIED'} ${fault.id} ${timesOf(verdict)}: ${verdict.detail}`);
    verdictById.set(fault.id, verdict);
  };

  const isOfOneHost = ({ target, needs }: Fault) => target === 'mail' && needs !== 'peer';
  const ofOneHost = possible.filter(isOfOneHost);
  const lane = async (host: LabHost): Promise<void> => {
    const isMine = (fault: Fault) => ableHosts(lab.plan, fault).includes(host);
    for (;;) {
      const at = ofOneHost.findIndex(isMine);
      const [fault] = at < 0 ? [] : ofOneHost.splice(at, 1);
      if (fault === undefined) return;
      await judge(fault, host);
    }
  };
  await Promise.all(hostsOf(lab.plan, 'mail').map(lane));
  for (const fault of possible.filter((fault) => !isOfOneHost(fault)))
    await judge(fault, ableHosts(lab.plan, fault)[0]);

  const benign: BenignVerdict[] = [];
  for (const event of request.only.length > 0 ? [] : benignEvents) {
    const verdict = await watchBenign(lab, event);
    say(`${verdict.steady ? 'steady' : 'NOT STEADY'} ${event.id}: ${verdict.detail}`);
    benign.push(verdict);
  }
  const verdicts = possible.flatMap(({ id }) => verdictById.get(id) ?? []);
  return {
    faults: possible.length,
    verified: verdicts.filter(({ verified }) => verified).length,
    leftOn: (await findActive(paths)).length,
    impossible: [...impossibleFaults.map(({ id, reason }) => ({ id, reason })), ...notHere],
    families: new Set(possible.map(({ family }) => family)).size,
    seconds: Math.round((clock.monotonicMs() - startedAt) / 1000),
    verdicts,
    benign,
  };
}

const timesOf = ({ bitAfterMs, healedAfterMs }: FaultVerdict): string =>
  bitAfterMs === undefined ? '' : `(bit after ${bitAfterMs} ms, healthy after ${healedAfterMs} ms)`;

async function verifyOne(lab: Lab, fault: Fault, mailHost: string): Promise<FaultVerdict> {
  const { id, bites } = fault;
  const { paths, clock } = lab;
  const hosts = targetsOf(lab.plan, fault, mailHost);
  const look = lookAt(lab, bites.check, mailHost, id);
  const isBitten = ({ ok, detail }: UserFinding): boolean => !ok && (bites.shows?.test(detail) ?? true);

  const before = await until(clock, look, isHealthy, healthyWithinMs);
  if (!before.ok) return { id, verified: false, detail: `not healthy before: ${before.detail}` };
  const injectedAt = clock.monotonicMs();
  let bitten: UserFinding;
  let bitAfterMs: number;
  try {
    await injectFault(paths, hosts, fault, { ttlSeconds });
    bitten = await until(clock, look, isBitten, bitesWithinMs);
    bitAfterMs = Math.round(clock.monotonicMs() - injectedAt);
  } finally {
    await healFault(paths, hosts, id);
  }
  const healedAt = clock.monotonicMs();
  const after = await until(clock, look, isHealthy, healthyWithinMs);
  if (!isBitten(bitten)) return { id, verified: false, detail: `did not bite: ${bitten.detail}` };
  if (!after.ok) return { id, verified: false, detail: `not healthy afterwards: ${after.detail}` };
  const healedAfterMs = Math.round(clock.monotonicMs() - healedAt);
  return { id, verified: true, detail: bitten.detail.slice(0, 160), bitAfterMs, healedAfterMs };
}

/** Every check of the event must hold at the first look while it is on. */
async function watchBenign(lab: Lab, event: BenignEvent): Promise<BenignVerdict> {
  const mailHost = ableHosts(lab.plan, event)[0]?.name ?? '';
  const hosts = targetsOf(lab.plan, event, mailHost);
  const complaints: string[] = [];
  try {
    await injectFault(lab.paths, hosts, event, { ttlSeconds });
    for (const check of event.steady) {
      const finding = await lookAt(lab, check, mailHost, event.id)();
      if (!finding.ok) complaints.push(`${check}: ${finding.detail}`);
    }
  } finally {
    await healFault(lab.paths, hosts, event.id);
  }
  const detail = complaints.join('; ') || `${event.steady.join(', ')} held`;
  return { id: event.id, steady: complaints.length === 0, detail };
}

type Look = () => Promise<UserFinding>;
const isHealthy = (finding: UserFinding): boolean => finding.ok;

/** A check as one look after another, each with a message of its own. */
function lookAt({ paths, plan, clock }: Lab, check: FaultCheck, mailHost: string, id: string): Look {
  let count = 0;
  return () =>
    runCheck(paths, plan, { check, mailHost, attempt: `${id}-${clock.now().toString(36)}-${++count}` }, { clock });
}

async function until(
  clock: Clock,
  look: Look,
  wanted: (finding: UserFinding) => boolean,
  withinMs: number,
): Promise<UserFinding> {
  const endsAt = clock.monotonicMs() + withinMs;
  for (;;) {
    const finding = await look();
    if (wanted(finding) || clock.monotonicMs() > endsAt) return finding;
    await new Promise<void>((done) => clock.after(lookEveryMs, done));
  }
}
