// What a group says of itself, from the machine's state and the shell's reports.
import { isFit } from '../failover/lease/hand-over.ts';
import type { LeaseState } from '../failover/lease/state.ts';
import { unheardPeer } from '../failover/lease/state.ts';
import type { LeasePolicy } from '../failover/lease/terms.ts';
import { holdMsOf } from '../failover/lease/terms.ts';
import type { LeaseGroupConfig, LeaseVoterConfig } from '../protocol/lease-config.ts';
import type { LeaseGroupStatus, LeaseReason } from '../protocol/lease-status.ts';
import type { GuardReport } from './guard/guard-port.ts';
import type { ServiceReport } from './health/service-watch.ts';
import type { ChannelCounts, PeerReport } from './peers/peer-channel.ts';

export type GroupView = {
  readonly config: LeaseGroupConfig;
  readonly own: LeaseVoterConfig;
  readonly mode: LeaseGroupStatus['mode'];
  readonly policy: LeasePolicy;
  readonly bounds: { readonly coldStartMs: number; readonly healMs: number };
  /** Monotonic ms. */
  readonly now: number;
  readonly state: LeaseState;
  readonly peers: readonly PeerReport[];
  readonly datagrams: Readonly<ChannelCounts>;
  readonly guard: GuardReport;
  readonly reasons: readonly LeaseReason[];
  readonly alarms: readonly string[];
  readonly services: readonly ServiceReport[];
  readonly counts: { readonly historyNumber: number; readonly movesSeen: number };
};

/** Who holds as far as this voter knows: itself, or whose lease it granted and which still runs. */
export function ownerOf(state: LeaseState, now: number): number | null {
  if (state.epoch !== 0 || state.staticEpoch !== 0) return state.self;
  const isLive = state.acceptedBy !== state.self && state.acceptedUntil > now && state.acceptedEpoch === state.wonEpoch;
  return isLive ? state.acceptedBy : null;
}

export function describeGroup(view: GroupView): LeaseGroupStatus {
  const { config, own, mode, policy, now, state, guard } = view;
  const owner = ownerOf(state, now);
  const nodeOf = (number: number | null) => config.voters.find((voter) => voter.number === number)?.node ?? null;
  const { version, voters, leaseMs, leaseMsMax } = state.set;
  return {
    ...{ group: config.name, incarnation: config.incarnation, mode, self: own.number },
    ...{
      role: state.role,
      vote: state.vote,
      owner,
      ownerNode: nodeOf(owner),
      epoch: state.epoch,
      wonEpoch: state.wonEpoch,
    },
    leaseLeftMs: state.epoch === 0 ? null : Math.max(0, state.deadline - now),
    ...{ priority: state.priority, isHealthy: isFit(state), isQuarantined: state.isQuarantined },
    position: state.position,
    set: { version, voters: [...voters], leaseMs, leaseMsMax },
    terms: {
      ...{ advertMs: policy.advertMs, freezeMs: policy.freezeMs, rttMs: policy.rttMs },
      holdMs: holdMsOf(leaseMs, policy.freezeMs),
    },
    ...view.bounds,
    peers: config.voters.map((voter) => describePeer(voter, view)),
    addresses: config.addresses.map(({ address, device }) => `${address} ${device}`),
    guard: {
      ...{ kind: guard.kind, state: state.guard, refused: guard.refused, lost: guard.lost, faults: [...guard.faults] },
      openMs: state.writeUntil > now ? state.writeUntil - now : null,
    },
    services: [...view.services],
    datagrams: { ...view.datagrams },
    damping: {
      moves: movesLately(view),
      ...{ budget: policy.movesBudget, windowMs: policy.movesWindowMs },
    },
    ...view.counts,
    alarms: [...view.alarms],
    why: explainState(view, owner, nodeOf(owner)),
  };
}

function describePeer(
  voter: LeaseVoterConfig,
  { own, policy, now, state, peers }: GroupView,
): LeaseGroupStatus['peers'][number] {
  const isSelf = voter.number === own.number;
  const peer = state.peers[state.set.voters.indexOf(voter.number)] ?? unheardPeer;
  const report = peers.find((candidate) => candidate.number === voter.number);
  const labels = Object.entries({ site: voter.site, rack: voter.rack, hypervisor: voter.hypervisor });
  return {
    ...{ number: voter.number, node: voter.node, endpoint: `${voter.host} ${voter.port}` },
    ...{ isSelf, isWitness: voter.witness, isVoter: state.set.voters.includes(voter.number) },
    heardMsAgo: isSelf ? 0 : peer.heardAt === 0 ? null : now - peer.heardAt,
    hearsUs: isSelf || (peer.hearsUsAt > 0 && now - peer.hearsUsAt <= 2 * policy.advertMs),
    priority: isSelf ? state.priority : peer.priority,
    isEligible: isSelf ? isFit(state) && !state.isQuarantined && !voter.witness : peer.isEligible,
    rttMs: report?.rttMs ?? null,
    keyIds: [...(report?.keyIds ?? [])],
    ...Object.fromEntries(labels.filter(([, label]) => label !== undefined)),
  };
}

const movesLately = ({ state, now, policy }: GroupView): number =>
  state.moves.filter((move) => move.ageMs + now - state.movesAt < policy.movesWindowMs).length;

/** First what stands, then what the machine said last of the member and of the voter. */
function explainState(view: GroupView, owner: number | null, node: string | null): string[] {
  const { mode, state, guard, reasons, services } = view;
  const why: string[] = [];
  if (owner === null) why.push('No owner is known here: no lease was granted by this voter, or it has ended.');
  else if (owner === state.self)
    why.push(
      state.epoch === 0
        ? `This member keeps the addresses unconfirmed, under epoch ${state.staticEpoch}.`
        : `This member owns the addresses, under epoch ${state.epoch}.`,
    );
  else why.push(`${node ?? owner} owns the addresses, under epoch ${state.acceptedEpoch}.`);
  if (mode === 'observe-only')
    why.push('Actions are not enabled here: this member votes and explains, and never holds.');
  if (mode === 'shadow') why.push('The group is in shadow: it decides and records, and touches no address.');
  why.push(...explainChannel(view));
  const moves = movesLately(view);
  if (view.policy.preempts && moves >= view.policy.movesBudget)
    why.push(
      `The budget of ${view.policy.movesBudget} moves is used up (${moves} lately): a fit owner is not preempted until some are older than ${view.policy.movesWindowMs / 60_000} minutes. One that fails is replaced all the same.`,
    );
  for (const service of services) if (!service.isUp) why.push(service.why);
  why.push(...guard.faults);
  for (const region of ['role', 'vote']) {
    const last = reasons.find((reason) => reason.region === region);
    if (last !== undefined) why.push(last.sentence);
  }
  return [...why, ...view.alarms];
}

/** What of the channel an operator should know: who is behind with the keys, and what cannot be understood. */
function explainChannel({ config, own, state, peers, datagrams }: GroupView): string[] {
  const sentences: string[] = [];
  const keyIdsOf = (number: number) => peers.find((peer) => peer.number === number)?.keyIds ?? [];
  const [preferred] = keyIdsOf(own.number);
  const behind = config.voters
    .filter(({ number }) => number !== own.number && state.set.voters.includes(number))
    .filter(({ number }) => keyIdsOf(number).length > 0 && !keyIdsOf(number).includes(preferred ?? 0))
    .map(({ node }) => node);
  if (behind.length > 0)
    sentences.push(`An older key than ${preferred} is used towards ${behind.join(' and ')}: not yet known there.`);
  if (datagrams.otherKey > 0)
    sentences.push(
      `${datagrams.otherKey} datagrams came under a key that is not accepted here: a voter may have other keys.`,
    );
  if (datagrams.otherVersion > 0)
    sentences.push(
      `${datagrams.otherVersion} datagrams of another version of the protocol were refused: all voters of a group run releases that speak the same one.`,
    );
  return sentences;
}
