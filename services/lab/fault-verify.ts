import type { Fault } from '../faults/fault.ts';
import { impossibleFaults } from '../faults/registry.ts';
import { AppError } from '../protocol/errors.ts';
import type { LabRequestOf } from '../protocol/lab-request.ts';
import type { Clock } from '../runtime/clock.ts';
import type { UserFinding } from './client/user-check.ts';
import { runCheck } from './fault-checks.ts';
import { faultNamed, faultsFrom, findActive, healFault, injectFault, targetsOf, whyNotHere } from './fault-run.ts';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { hostsOf, type LabPlan } from './topology.ts';

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
export type VerifyReport = {
  readonly faults: number;
  readonly verified: number;
  readonly leftOn: number;
  readonly impossible: readonly { readonly id: string; readonly reason: string }[];
  readonly families: number;
  readonly verdicts: readonly FaultVerdict[];
};

export async function verifyFaults(
  paths: LabPaths,
  request: LabRequestOf<'fault-verify'>,
  deps: { readonly clock: Clock; readonly say: (words: string) => void },
): Promise<VerifyReport> {
  const { plan } = readRecord(paths);
  const wanted = request.only.length > 0 ? request.only.map(faultNamed) : faultsFrom(request.from);
  const notHere = wanted.flatMap((fault) => {
    const reason = whyNotHere(plan, fault);
    return reason === undefined ? [] : [{ id: fault.id, reason }];
  });
  const impossible = [...impossibleFaults.map(({ id, reason }) => ({ id, reason })), ...notHere];
  const possible = wanted.filter(({ id }) => !notHere.some((entry) => entry.id === id));
  const verdicts: FaultVerdict[] = [];
  for (const fault of possible) {
    const verdict = await verifyOne(paths, plan, fault, deps).catch((error: unknown): FaultVerdict => {
      if (!(error instanceof AppError)) throw error;
      return { id: fault.id, verified: false, detail: error.message };
    });
    deps.say(`${verdict.verified ? 'verified' : 'NOT VERIFIED'} ${fault.id}: ${verdict.detail}`);
    verdicts.push(verdict);
  }
  return {
    faults: possible.length,
    verified: verdicts.filter(({ verified }) => verified).length,
    leftOn: (await findActive(paths)).length,
    impossible,
    families: new Set(possible.map(({ family }) => family)).size,
    verdicts,
  };
}

async function verifyOne(
  paths: LabPaths,
  plan: LabPlan,
  fault: Fault,
  { clock }: { readonly clock: Clock },
): Promise<FaultVerdict> {
  const { id, bites } = fault;
  const hosts = targetsOf(plan, fault, undefined);
  const mailHost = hostsOf(plan, 'mail')[0]?.name ?? '';
  let count = 0;
  const look = (): Promise<UserFinding> =>
    runCheck(
      paths,
      plan,
      { check: bites.check, mailHost, attempt: `${id}-${clock.now().toString(36)}-${++count}` },
      { clock },
    );
  const until = async (wanted: (finding: UserFinding) => boolean, withinMs: number): Promise<UserFinding> => {
    const endsAt = clock.monotonicMs() + withinMs;
    for (;;) {
      const finding = await look();
      if (wanted(finding) || clock.monotonicMs() > endsAt) return finding;
      await new Promise<void>((done) => clock.after(lookEveryMs, done));
    }
  };
  const isHealthy = (finding: UserFinding): boolean => finding.ok;
  const isBitten = ({ ok, detail }: UserFinding): boolean => !ok && (bites.shows?.test(detail) ?? true);

  const before = await until(isHealthy, healthyWithinMs);
  if (!before.ok) return { id, verified: false, detail: `not healthy before: ${before.detail}` };
  const injectedAt = clock.monotonicMs();
  let bitten: UserFinding;
  let bitAfterMs: number;
  try {
    await injectFault(paths, hosts, fault, ttlSeconds);
    bitten = await until(isBitten, bitesWithinMs);
    bitAfterMs = Math.round(clock.monotonicMs() - injectedAt);
  } finally {
    await healFault(paths, hosts, id);
  }
  const healedAt = clock.monotonicMs();
  const after = await until(isHealthy, healthyWithinMs);
  if (!isBitten(bitten)) return { id, verified: false, detail: `did not bite: ${bitten.detail}` };
  if (!after.ok) return { id, verified: false, detail: `not healthy afterwards: ${after.detail}` };
  const healedAfterMs = Math.round(clock.monotonicMs() - healedAt);
  return { id, verified: true, detail: bitten.detail.slice(0, 160), bitAfterMs, healedAfterMs };
}
