// One consistent view of a group from voters that may disagree: who owns, who says so, who could, and a sentence of why.
import type { FailoverGroup, FailoverSentence, FailoverVoter, LeaseWord, UnfitReason } from '../protocol/failover.ts';
import type { LeaseGroupStatus } from '../protocol/lease-status.ts';
import { type Failover, type GroupBelief, type HeardWord, ownedEpochOf } from './failover.ts';

/** A word older than this is shown, and not believed. */
export type FailoverViewPolicy = { readonly staleAfterMs: number };

/** Ballots count 256 to the millisecond of unix time (lease.md rule 7). */
const ballotsPerMs = 256;
/** Words of one change may come to control this far apart. */
const onTheWayMs = 2500;

/** Its lease process answers, and it was heard lately. */
export const isBelieved = (word: HeardWord, now: number, { staleAfterMs }: FailoverViewPolicy): boolean =>
  word.silence === '' && now - word.heardAt <= staleAfterMs;

export const readFailover = (failover: Failover, now: number, policy: FailoverViewPolicy): FailoverGroup[] =>
  [...failover.groups.values()]
    .map((group) => viewGroup(group, now, policy))
    .sort((a, b) => (a.group === b.group ? (a.id < b.id ? -1 : 1) : a.group < b.group ? -1 : 1));

function viewGroup(group: GroupBelief, now: number, policy: FailoverViewPolicy): FailoverGroup {
  const isFresh = (word: HeardWord): boolean => isBelieved(word, now, policy);
  const heard = [...group.words.values()];
  const fresh = heard.filter(isFresh);
  const owner = findOwner(fresh);
  // Terms and members as the newest voter set has them; of equals, as who was heard last says.
  const byAge = [...(fresh.length > 0 ? fresh : heard)].sort((a, b) => b.heardAt - a.heardAt);
  const newest = byAge.reduce((best, word) => (word.status.set.version > best.status.set.version ? word : best));
  const { status } = newest;
  const holder = fresh.find((word) => word.status.epoch !== 0 && word.status.self === owner?.number);
  const voters = status.peers.map((peer) =>
    viewVoter(peer, group.words.get(peer.node), { owner: owner?.number, isFresh }),
  );
  const votes = countVotes(status, fresh, owner?.number);
  const teller = holder ?? byAge[0];
  const { set, terms } = status;
  return {
    ...{ id: group.id, group: status.group },
    sentence: decideSentence({ group, fresh, voters, votes, owner, status, now }),
    addresses: [...new Set(byAge.flatMap((word) => word.status.addresses))],
    owner: owner === undefined ? null : { ...owner, since: Math.floor(owner.epoch / ballotsPerMs) },
    leaseLeftMs: holder?.status.leaseLeftMs ?? null,
    terms: {
      ...{ advertMs: terms.advertMs, freezeMs: terms.freezeMs, holdMs: terms.holdMs },
      ...{ leaseMs: set.leaseMs, leaseMsMax: set.leaseMsMax },
    },
    bounds: { coldStartMs: status.coldStartMs, healMs: status.healMs },
    damping: { ...(holder ?? newest).status.damping },
    setVersion: set.version,
    ...{ votes, voters },
    why: [...(teller?.status.why ?? [])],
    whyNode: teller?.node ?? null,
  };
}

type Owner = { readonly node: string; readonly number: number; readonly epoch: number };

/** Whom the voters name under the highest epoch; of equals, who holds it by its own word. */
function findOwner(fresh: readonly HeardWord[]): Owner | undefined {
  const claims = fresh
    .filter(({ status }) => status.owner !== null)
    .map(({ node, status }) => ({
      isOwn: status.owner === status.self,
      node: status.owner === status.self ? node : (status.ownerNode ?? String(status.owner)),
      isHeld: status.epoch !== 0,
      number: status.owner ?? 0,
      epoch: ownedEpochOf(status),
    }))
    .sort((a, b) => b.epoch - a.epoch || Number(b.isHeld) - Number(a.isHeld) || Number(b.isOwn) - Number(a.isOwn));
  const [best] = claims;
  return best === undefined ? undefined : { node: best.node, number: best.number, epoch: best.epoch };
}

function countVotes(
  { set }: LeaseGroupStatus,
  fresh: readonly HeardWord[],
  owner: number | undefined,
): FailoverGroup['votes'] {
  const voting = fresh.filter(({ status }) => set.voters.includes(status.self) && status.vote === 'voting');
  return {
    voters: set.voters.length,
    heard: voting.length,
    quorum: Math.floor(set.voters.length / 2) + 1,
    agree: owner === undefined ? 0 : voting.filter(({ status }) => status.owner === owner).length,
  };
}

/**
 * The most voters of which one has two-way contact with the others, itself with them: control may hear voters that do not hear
 * one another. Of a voter that control does not hear, the other's word is taken.
 */
function countReach({ set, healMs }: LeaseGroupStatus, fresh: readonly HeardWord[]): number {
  const byNumber = new Map(fresh.map(({ status }) => [status.self, status]));
  const hears = (word: LeaseGroupStatus, other: number): boolean => {
    const peer = word.peers.find(({ number }) => number === other);
    return peer !== undefined && (peer.hearsUs || (peer.heardMsAgo !== null && peer.heardMsAgo <= healMs));
  };
  const isReached = (word: LeaseGroupStatus, other: number): boolean => {
    const back = byNumber.get(other);
    if (other === word.self) return true;
    return hears(word, other) && (back === undefined || (back.vote === 'voting' && hears(back, word.self)));
  };
  const counts = fresh
    .filter(({ status }) => set.voters.includes(status.self) && status.vote === 'voting')
    .map(({ status }) => set.voters.filter((other) => isReached(status, other)).length);
  return Math.max(0, ...counts);
}

function viewVoter(
  peer: LeaseGroupStatus['peers'][number],
  heard: HeardWord | undefined,
  { owner, isFresh }: { readonly owner: number | undefined; readonly isFresh: (word: HeardWord) => boolean },
): FailoverVoter {
  const word = heard === undefined ? null : viewWord(heard, !isFresh(heard));
  const labels = Object.entries({ site: peer.site, rack: peer.rack, hypervisor: peer.hypervisor });
  return {
    ...{ number: peer.number, node: peer.node, endpoint: peer.endpoint },
    ...{ isWitness: peer.isWitness, isVoter: peer.isVoter, isOwner: peer.number === owner },
    ...Object.fromEntries(labels.filter(([, label]) => label !== undefined)),
    ...{ word, unfit: whyUnfit(peer.isWitness, word) },
  };
}

function viewWord(heard: HeardWord, isStale: boolean): LeaseWord {
  const { mode, role, vote, owner, ownerNode, epoch, wonEpoch, leaseLeftMs, priority, isHealthy } = heard.status;
  const { isQuarantined, guard, services, damping, alarms, why, set } = heard.status;
  return {
    ...{ mode, role, vote, owner, ownerNode, epoch, wonEpoch, leaseLeftMs, priority, isHealthy },
    ...{ isQuarantined, guard, services, damping, alarms, why, setVersion: set.version },
    ...{ heardAt: heard.heardAt, isStale, silence: heard.silence, version: heard.version },
  };
}

/** All that keeps it from holding, the hardest first. */
function whyUnfit(isWitness: boolean, word: LeaseWord | null): UnfitReason[] {
  if (isWitness) return [{ code: 'witness', detail: '' }];
  if (word === null || word.isStale) return [{ code: 'silent', detail: word?.silence ?? '' }];
  const reasons: UnfitReason[] = [];
  if (word.mode === 'observe-only') reasons.push({ code: 'observe-only', detail: '' });
  if (word.isQuarantined) reasons.push({ code: 'quarantined', detail: '' });
  for (const service of word.services) if (!service.isUp) reasons.push({ code: 'service', detail: service.why });
  if (!word.isHealthy) for (const fault of word.guard.faults) reasons.push({ code: 'guard', detail: fault });
  if (word.vote !== 'voting') reasons.push({ code: 'not-voting', detail: word.vote });
  if (reasons.length === 0 && !word.isHealthy) reasons.push({ code: 'agent', detail: '' });
  return reasons;
}

/** The state of the group, the worst first. */
function decideSentence(view: {
  readonly group: GroupBelief;
  readonly fresh: readonly HeardWord[];
  readonly voters: readonly FailoverVoter[];
  readonly votes: FailoverGroup['votes'];
  readonly owner: Owner | undefined;
  readonly status: LeaseGroupStatus;
  readonly now: number;
}): FailoverSentence {
  const { group, fresh, voters, votes, owner, status, now } = view;
  const counts = { heard: votes.heard, voters: votes.voters, quorum: votes.quorum };
  if (fresh.length === 0) return { code: 'unheard', severity: 'unknown', args: { voters: votes.voters } };
  // One who was overtaken may have spoken shortly before: only who still says so well after is a second owner, whether it
  // holds a lease or keeps the addresses without one.
  const overtakenUntil = group.ownedHeardAt + status.set.leaseMs + onTheWayMs;
  const second = fresh.find(
    ({ status: said, heardAt }) => said.owner === said.self && said.self !== owner?.number && heardAt > overtakenUntil,
  );
  if (second !== undefined && owner !== undefined)
    return { code: 'disputed', severity: 'down', args: { node: owner.node, other: second.node } };
  if (owner === undefined) {
    const reach = Math.min(votes.heard, countReach(status, fresh));
    if (votes.heard < votes.quorum) return { code: 'no-majority', severity: 'down', args: counts };
    if (reach < votes.quorum) return { code: 'cut-off', severity: 'down', args: { ...counts, reach } };
    const isAnyFit = voters.some((voter) => voter.isVoter && voter.unfit.length === 0);
    if (!isAnyFit) return { code: 'nobody-fit', severity: 'down', args: counts };
    return now - group.ownedUntil > status.healMs + onTheWayMs
      ? { code: 'unsettled', severity: 'down', args: counts }
      : { code: 'electing', severity: 'degraded', args: counts };
  }
  const args = { node: owner.node, ...counts, agree: votes.agree };
  const word = voters.find((voter) => voter.isOwner)?.word ?? null;
  if (word === null || word.isStale) return { code: 'owned-unheard', severity: 'degraded', args };
  if (word.role === 'unconfirmed') return { code: 'unconfirmed', severity: 'degraded', args };
  if (word.mode === 'shadow') return { code: 'shadow', severity: 'ok', args };
  // Who does not follow the owner may be heard here and be cut off from the others.
  const heirs = voters.filter(
    (voter) => voter.isVoter && !voter.isOwner && voter.unfit.length === 0 && voter.word?.owner === owner.number,
  );
  if (votes.agree - 1 < votes.quorum || heirs.length === 0)
    return { code: 'owned-without-spare', severity: 'degraded', args };
  return { code: 'owned', severity: 'ok', args };
}
