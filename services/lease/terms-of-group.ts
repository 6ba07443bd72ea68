// What the machine needs of a group's configuration: its policy, its first voter set, and the bounds that follow.
import { leaseRules } from '../failover/lease/rules.ts';
import type { LeasePolicy } from '../failover/lease/terms.ts';
import { clockDrift, leaseMsOf, policyOf, promiseMsOf, retryMsOf, skewMs } from '../failover/lease/terms.ts';
import { AppError } from '../protocol/errors.ts';
import type { VoterSet } from '../protocol/lease.ts';
import type { LeaseGroupConfig } from '../protocol/lease-config.ts';
import { leaseTermsOf } from '../protocol/lease-config.ts';

export function policyOfGroup(group: LeaseGroupConfig): LeasePolicy {
  const { advertMs, freezeMs, rttMs } = leaseTermsOf(group);
  const { noMajority, preempt: preempts, lagMax, preemptDelayMs, movesBudget } = group;
  const choice = { advertMs, freezeMs, rttMs, noMajority, preempts };
  return { ...policyOf(lagMax === undefined ? choice : { ...choice, lagMax }), preemptDelayMs, movesBudget };
}

/** Used only where nothing durable is found: from then on the set changes by `voters` and `retime` alone. */
export function configuredSetOf(group: LeaseGroupConfig): VoterSet {
  const { leaseMs } = leaseTermsOf(group);
  const voters = group.voters.filter((voter) => voter.votes).map((voter) => voter.number);
  return { version: 1, epoch: 0, voters: voters.sort((a, b) => a - b), leaseMs, leaseMsMax: leaseMs };
}

/**
 * T is the group's and durable, A and F are the file's. Throws `bad-config` where T_h would be below 2·A, so that a renewal
 * that is lost once loses the lease.
 */
export function refuseShortTerm(group: string, leaseMs: number, { advertMs, freezeMs }: LeasePolicy): void {
  const leaseMsMin = leaseMsOf(advertMs, freezeMs);
  if (leaseMs >= leaseMsMin) return;
  throw new AppError(
    'bad-config',
    `T of ${group} is ${leaseMs} ms; A of ${advertMs} ms with F of ${freezeMs} ms needs at least ${leaseMsMin} ms`,
    { hint: `Retime first, under A and F as they were: mailward failover retime ${Math.ceil(leaseMsMin)}` },
  );
}

/** lease.md rule 15, for the given priority and the last rank: cold start of all voters at once, and any healing. */
export function boundsOf(
  policy: LeasePolicy,
  set: VoterSet,
  priority: number,
): { coldStartMs: number; healMs: number } {
  const skew = skewMs(policy, priority, set.voters.length - 1);
  // A poll that came before a majority votes, the wait after it, and then the rounds: a challenge, poll, prepare, propose.
  const pollMs =
    Math.max(promiseMsOf(policy), retryMsOf(policy)) +
    leaseRules.restAfterFailure(0, policy.advertMs) +
    4 * policy.rttMs;
  return {
    coldStartMs: Math.ceil(set.leaseMsMax + skew + pollMs),
    healMs: Math.ceil((set.leaseMsMax + set.leaseMs) / (1 - clockDrift) + skew + 2 * policy.advertMs),
  };
}
