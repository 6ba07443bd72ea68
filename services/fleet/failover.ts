// What control believes about lease groups: a fold of what the voters' agents forward. A voter's word is kept under the node
// that the channel belongs to, so nobody speaks for another.
import type { LeaseGroupStatus, LeaseStatus } from '../protocol/lease-status.ts';

export type FailoverBounds = { readonly groupsMax: number; readonly wordsPerGroupMax: number };

/** The last that was heard of one group from one node. */
export type HeardWord = {
  readonly node: string;
  /** Epoch ms, control's clock. */
  readonly heardAt: number;
  /** Why its lease process does not answer any more; empty while it does. */
  readonly silence: string;
  readonly version: string;
  readonly status: LeaseGroupStatus;
};
export type GroupBelief = {
  readonly id: string;
  readonly words: ReadonlyMap<string, HeardWord>;
  /** The highest epoch that an owner was named under, by itself or by another, and when that was heard first. */
  readonly ownedEpoch: number;
  readonly ownedHeardAt: number;
  /** Until when somebody named an owner, as far as was heard; nobody ever: when the group was first heard of. */
  readonly ownedUntil: number;
};
export type Failover = { readonly groups: ReadonlyMap<string, GroupBelief> };
export const emptyFailover: Failover = { groups: new Map() };

/** The epoch of the owner that a word names, 0 when it names none. Who keeps the address unconfirmed has none but the last won. */
export const ownedEpochOf = ({ owner, self, epoch, wonEpoch }: LeaseGroupStatus): number =>
  owner === null ? 0 : owner === self && epoch !== 0 ? epoch : wonEpoch;

export type FailoverReport =
  | { readonly kind: 'status'; readonly at: number; readonly node: string; readonly status: LeaseStatus }
  /** The agent is there and its lease process is not. */
  | { readonly kind: 'silent'; readonly at: number; readonly node: string; readonly why: string }
  | { readonly kind: 'forget'; readonly node: string };

/**
 * The next belief. A status replaces all that the node said before: of a group that it no longer has, it says nothing any more.
 * A voter that its own group's file calls otherwise than the channel does is not believed, nor one that most of those who speak of
 * the group already do not list: an incarnation is no secret.
 */
export function foldFailover(failover: Failover, report: FailoverReport, bounds: FailoverBounds): Failover {
  const { node } = report;
  const groups = new Map(failover.groups);
  for (const [id, group] of groups) {
    const word = group.words.get(node);
    if (word === undefined) continue;
    const words = new Map(group.words);
    if (report.kind === 'silent') words.set(node, { ...word, silence: report.why });
    else words.delete(node);
    if (words.size > 0) groups.set(id, { ...group, words });
    // What the node says now may be of the same group: what is known of its epoch stays until then.
    else if (report.kind === 'status' && report.status.groups.some(({ incarnation }) => incarnation === id))
      groups.set(id, { ...group, words });
    else groups.delete(id);
  }
  if (report.kind === 'status')
    for (const status of report.status.groups) {
      const isOwnName = status.peers.some((peer) => peer.isSelf && peer.node === node);
      const others = [...(groups.get(status.incarnation)?.words.values() ?? [])];
      const listing = others.filter((word) => word.status.peers.some((peer) => peer.node === node));
      if (!isOwnName || (others.length > 0 && listing.length * 2 <= others.length)) continue;
      const { at } = report;
      const word = { node, heardAt: at, silence: '', version: report.status.version, status };
      const before = failover.groups.get(status.incarnation)?.words.get(node);
      const wasOwned = before !== undefined && before.status.owner !== null;
      groups.set(status.incarnation, withWord(groups.get(status.incarnation), word, wasOwned, bounds));
    }
  for (const [id, { words }] of groups) if (words.size === 0) groups.delete(id);
  while (groups.size > bounds.groupsMax) groups.delete(longestUnheard(groups));
  return { groups };
}

function withWord(
  group: GroupBelief | undefined,
  word: HeardWord,
  wasOwned: boolean,
  bounds: FailoverBounds,
): GroupBelief {
  const { status, heardAt } = word;
  const words = new Map(group?.words).set(word.node, word);
  for (const [node, { heardAt: at }] of [...words].sort((a, b) => a[1].heardAt - b[1].heardAt)) {
    if (words.size <= bounds.wordsPerGroupMax) break;
    if (at <= heardAt && node !== word.node) words.delete(node);
  }
  const epoch = ownedEpochOf(status);
  const isNewest = epoch > (group?.ownedEpoch ?? 0);
  return {
    id: status.incarnation,
    words,
    ownedEpoch: isNewest ? epoch : (group?.ownedEpoch ?? 0),
    ownedHeardAt: isNewest ? heardAt : (group?.ownedHeardAt ?? 0),
    ownedUntil: status.owner !== null || wasOwned ? heardAt : (group?.ownedUntil ?? heardAt),
  };
}

const lastHeardOf = (group: GroupBelief): number =>
  [...group.words.values()].reduce((newest, { heardAt }) => Math.max(newest, heardAt), 0);

function longestUnheard(groups: ReadonlyMap<string, GroupBelief>): string {
  let oldest = '';
  let oldestAt = Number.POSITIVE_INFINITY;
  for (const [id, group] of groups) {
    const at = lastHeardOf(group);
    if (at < oldestAt) [oldest, oldestAt] = [id, at];
  }
  return oldest;
}
