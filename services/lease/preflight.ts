// What can be checked before it matters: who is heard and how fast, labels, the guard; and what each kind of cut would do.
import { quorumOf } from '../failover/lease/terms.ts';
import type { LeaseGroupStatus, Preflight, PreflightCheck } from '../protocol/lease-status.ts';
import type { LeaseGroup } from './group.ts';
import { checkNode } from './preflight-node.ts';

/** Round trips measured to each voter, and what all of them may take. */
const probesMax = 25;
const probingMsMax = 5000;

type Peer = LeaseGroupStatus['peers'][number];

/** Takes from half a second to `probingMsMax`: it measures. */
export async function runPreflight(
  group: LeaseGroup,
  deps: { readonly now: () => number; readonly after: (delayMs: number, task: () => void) => () => void },
): Promise<Preflight> {
  const rttsByVoter = new Map<number, number[]>();
  const pauseMs = Math.max(20, 2 * group.status().terms.rttMs);
  const probes = Math.min(probesMax, Math.ceil(probingMsMax / pauseMs));
  for (let probe = 0; probe < probes; probe++) {
    group.probe();
    await new Promise<void>((resume) => deps.after(pauseMs, resume));
    for (const { number, rttMs } of group.status().peers) {
      if (rttMs !== null) rttsByVoter.set(number, [...(rttsByVoter.get(number) ?? []), rttMs]);
    }
  }
  const status = group.status();
  const roundTripMs = measureRoundTrip(status, rttsByVoter);
  const checks = [
    ...checkContact(status, rttsByVoter),
    checkRoundTrip(status, roundTripMs),
    ...checkLabels(status),
    checkState(status),
    ...(status.mode === 'witness' ? [] : await checkNode(group.config, status, deps.after)),
  ];
  const cuts = describeCuts(status, group.config.noMajority);
  return { group: status.group, now: deps.now(), checks, roundTripMs: roundTripMs ?? null, cuts };
}

function checkContact(status: LeaseGroupStatus, rttsByVoter: ReadonlyMap<number, readonly number[]>): PreflightCheck[] {
  return status.peers
    .filter((peer) => peer.isVoter && !peer.isSelf)
    .map((peer) =>
      rttsByVoter.has(peer.number)
        ? { name: `contact with ${peer.node}`, grade: 'good', sentence: `${peer.node} answers.` }
        : {
            ...{ name: `contact with ${peer.node}`, grade: 'fault' },
            sentence: `${peer.node} does not answer at ${peer.endpoint}: does its lease process run, with the same key, and does UDP pass both ways?`,
          },
    );
}

const p99 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.99))] ?? 0;

/** lease.md rule 11: A is at least four times the p99 of the quorum that is left after any single loss. */
export function slowestAfterLoss(rttByPeer: readonly number[], voters: number): number | undefined {
  const sorted = [...rttByPeer].sort((a, b) => a - b);
  // The own voter answers at once; the fastest other one is the one that is lost.
  const needed = quorumOf(voters) - 1;
  return needed === 0 ? 0 : sorted[needed];
}

function measureRoundTrip(
  status: LeaseGroupStatus,
  rttsByVoter: ReadonlyMap<number, readonly number[]>,
): number | undefined {
  const others = status.peers.filter((peer) => peer.isVoter && !peer.isSelf);
  const measured = others.flatMap((peer) => {
    const rtts = rttsByVoter.get(peer.number);
    return rtts === undefined ? [] : [p99(rtts)];
  });
  return slowestAfterLoss(measured, status.set.voters.length);
}

function checkRoundTrip(status: LeaseGroupStatus, rttMs: number | undefined): PreflightCheck {
  const { advertMs } = status.terms;
  if (rttMs === undefined)
    return {
      ...{ name: 'round trip', grade: 'unknown' },
      sentence: 'Too few voters answer to know the round trip that is left after the loss of any one of them.',
    };
  const said = `The slowest round trip that may be needed is ${rttMs.toFixed(1)} ms (p99); A is ${advertMs} ms`;
  return advertMs < 4 * rttMs
    ? { name: 'round trip', grade: 'fault', sentence: `${said} and must be at least ${Math.ceil(4 * rttMs)} ms.` }
    : { name: 'round trip', grade: 'good', sentence: `${said}.` };
}

function checkLabels(status: LeaseGroupStatus): PreflightCheck[] {
  const voters = status.peers.filter((peer) => peer.isVoter);
  const checks: PreflightCheck[] = [];
  for (const label of ['site', 'rack', 'hypervisor'] as const) {
    const byValue = new Map<string, Peer[]>();
    for (const voter of voters) {
      const value = voter[label];
      if (value !== undefined) byValue.set(value, [...(byValue.get(value) ?? []), voter]);
    }
    for (const [value, sharers] of byValue) {
      if (sharers.length < 2 || (label === 'site' && byValue.size < 2 && voters.every((voter) => voter.site === value)))
        continue;
      const isMajority = sharers.length >= quorumOf(voters.length);
      const nodes = sharers.map((voter) => voter.node).join(', ');
      const end = isMajority ? 'lose it, and no majority is left' : 'they fall together';
      checks.push({
        name: `shared ${label}`,
        grade: 'warning',
        sentence: `${nodes} share the ${label} ${value}: ${end}.`,
      });
    }
  }
  return checks;
}

function checkState(status: LeaseGroupStatus): PreflightCheck {
  const name = 'voter state';
  if (status.vote === 'voting') return { name, grade: 'good', sentence: 'This voter votes.' };
  const grade = status.vote === 'mute' ? 'warning' : 'fault';
  return { name, grade, sentence: `This voter is ${status.vote}: ${status.why.at(-1) ?? ''}` };
}

/** In words, for every loss that the group may meet. */
export function describeCuts(status: LeaseGroupStatus, noMajority: string): { cut: string; outcome: string }[] {
  const voters = status.peers.filter((peer) => peer.isVoter);
  const members = voters.filter((voter) => !voter.isWitness);
  const quorum = quorumOf(voters.length);
  const { advertMs } = status.terms;
  const takeover = `another member takes over within about ${Math.ceil(status.set.leaseMs + advertMs)} ms`;
  const alone =
    noMajority === 'hold-down'
      ? 'nobody serves until a majority is back (hold-down)'
      : 'the owner keeps the addresses, unconfirmed, while its link and gateway stand (fail-static)';
  const afterOwner = members.length > 1 && voters.length - 1 >= quorum ? takeover : alone;
  const witnesses = voters.filter((voter) => voter.isWitness);
  const cuts = [
    { cut: 'the owner is lost', outcome: afterOwner },
    {
      cut: 'the owner is cut off from all others',
      outcome:
        noMajority === 'hold-down'
          ? `the owner falls silent at the end of its lease; ${afterOwner}`
          : `${afterOwner}; the old owner may answer as well (fail-static)`,
    },
    { cut: 'another voter is lost', outcome: voters.length - 1 >= quorum ? 'nothing changes' : alone },
  ];
  if (witnesses.length > 0)
    cuts.push({
      cut: 'the owner and the witness are lost together',
      outcome: voters.length - 2 >= quorum ? takeover : alone,
    });
  cuts.push({ cut: 'all voters restart at once', outcome: `an owner is found within about ${status.coldStartMs} ms` });
  return cuts;
}
