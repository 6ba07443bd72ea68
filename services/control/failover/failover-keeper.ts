// Holds what the voters said, over a restart of control too, and tells when the picture of a group is another.
import {
  emptyFailover,
  type Failover,
  type FailoverReport,
  foldFailover,
  type HeardWord,
} from '../../fleet/failover.ts';
import { isBelieved, readFailover } from '../../fleet/failover-view.ts';
import { AppError } from '../../protocol/errors.ts';
import {
  type FailoverGroup,
  failoverLimits,
  type LeaseHistoryMessage,
  type LeaseStatusMessage,
} from '../../protocol/failover.ts';
import { leaseGroupStatusSchema } from '../../protocol/lease-status.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { StateStore } from '../state/state-store.ts';
import type { FailoverEvents } from './failover-events.ts';

export type FailoverKeeper = {
  readonly heardStatus: (message: LeaseStatusMessage) => void;
  /** Durable when it resolves, or refused: of a group that the node was not taken as a voter of, or of days to come. */
  readonly heardHistory: (message: LeaseHistoryMessage) => Promise<void>;
  readonly readGroups: () => FailoverGroup[];
  /**
   * By incarnation, or by a name that only one group has.
   * @throws AppError `not-found`; `bad-request` for a name of several.
   */
  readonly findGroup: (nameOrId: string) => FailoverGroup;
  /** It said something of groups, and nothing of late. */
  readonly isSilent: (node: string) => boolean;
  /** What it said of groups is gone when this resolves, from the disk too. */
  readonly forgetNode: (node: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const lookEveryMs = 1000;
/** Words of one move come from several nodes within moments: they are looked at together. */
const gatherMs = 50;
/** What claims to have happened later than this is not kept: it would stand before all that does happen. */
const aheadMsMax = 86_400_000;
/** How old what is on disk may be of a word that does not change. */
const keepEveryMs = 60_000;

export async function createFailoverKeeper(
  config: { readonly staleAfterMs: number },
  deps: {
    readonly clock: Clock;
    readonly state: Pick<StateStore, 'readWords' | 'keepWords' | 'addEntries'>;
    readonly events: FailoverEvents;
    readonly onChange: (groups: readonly FailoverGroup[]) => void;
  },
): Promise<FailoverKeeper> {
  const { clock, state, events, onChange } = deps;
  const kept = await state.readWords();
  // Another release may have kept what this one does not understand.
  let failover: Failover = recall(kept.filter(({ status }) => leaseGroupStatusSchema.safeParse(status).success));
  let told = '';
  let cancelLook: (() => void) | undefined;
  const keptByNode = new Map<string, { readonly at: number; readonly key: string }>();
  const writing = new Map<string, Promise<void>>();
  // What has not changed is told seldom: it is believed for longer than that, however soon a silent agent is shown as such.
  const staleAfterMs = Math.max(config.staleAfterMs, 2 * failoverLimits.unchangedEveryMs);
  const readGroups = () => readFailover(failover, clock.now(), { staleAfterMs });

  const isVoter = (node: string, id: string): boolean => failover.groups.get(id)?.words.has(node) ?? false;
  function take(report: FailoverReport): void {
    failover = foldFailover(failover, report, failoverLimits);
    cancelLook ??= clock.after(gatherMs, look);
  }
  function look(): void {
    cancelLook?.();
    cancelLook = undefined;
    const groups = readGroups();
    events.groupsObserved(groups);
    const key = changeKey(groups);
    if (key === told) return;
    const isFirst = told === '';
    told = key;
    if (!isFirst || groups.length > 0) onChange(groups);
  }

  /** One write of a node at a time; what comes meanwhile is written by the next that is due. */
  function keep(node: string): void {
    const words = wordsOf(failover, node);
    const key = changeKey(words);
    const kept = keptByNode.get(node);
    const isDue = kept?.key !== key || clock.now() - kept.at >= keepEveryMs;
    if (!isDue || writing.has(node)) return;
    keptByNode.set(node, { at: clock.now(), key });
    const written = state
      .keepWords(node, words)
      .catch((error: unknown) => events.wordsNotKept(error))
      .finally(() => writing.delete(node));
    writing.set(node, written);
  }

  const stopLooking = clock.every(lookEveryMs, look);
  look();
  return {
    heardStatus: ({ node, status, why }) => {
      const at = clock.now();
      if (status === null) take({ kind: 'silent', at, node, why });
      else take({ kind: 'status', at, node, status });
      if (status?.groups.some(({ incarnation }) => !isVoter(node, incarnation))) events.reportRefused('not-listed');
      keep(node);
    },
    heardHistory: async (message) => {
      if (!isVoter(message.node, message.incarnation)) return events.reportRefused('not-listed');
      const until = clock.now() + aheadMsMax;
      const entries = message.entries.filter(({ time }) => time <= until);
      if (entries.length < message.entries.length) events.reportRefused('to-come');
      if (entries.length === 0) return;
      await state.addEntries({ ...message, entries });
      events.entriesKept({ ...message, entries });
    },
    readGroups,
    findGroup: (nameOrId) => {
      const groups = readGroups();
      const byId = groups.find(({ id }) => id === nameOrId);
      const byName = groups.filter(({ group }) => group === nameOrId);
      const [only] = byName;
      if (byId !== undefined) return byId;
      if (only !== undefined && byName.length === 1) return only;
      if (only === undefined)
        throw new AppError('not-found', `No agent tells of a group ${nameOrId}`, {
          hint: 'GET /api/v1/failover/groups lists those that are known',
        });
      throw new AppError('bad-request', `${byName.length} groups are named ${nameOrId}`, {
        hint: `Ask by incarnation: ${byName.map(({ id }) => id).join(', ')}`,
      });
    },
    isSilent: (node) => {
      const words = wordsOf(failover, node);
      const now = clock.now();
      return words.length > 0 && words.every((word) => !isBelieved(word, now, { staleAfterMs }));
    },
    forgetNode: async (node) => {
      take({ kind: 'forget', node });
      await writing.get(node);
      keptByNode.delete(node);
      await state.keepWords(node, []);
    },
    stop: async () => {
      stopLooking();
      cancelLook?.();
      await Promise.allSettled(writing.values());
    },
  };
}

const wordsOf = (failover: Failover, node: string): HeardWord[] =>
  [...failover.groups.values()].flatMap((group) => group.words.get(node) ?? []);

/** As if each had just been heard, at the time when it was. */
function recall(words: readonly HeardWord[]): Failover {
  const byNode = new Map<string, HeardWord[]>();
  for (const word of words) byNode.set(word.node, [...(byNode.get(word.node) ?? []), word]);
  let failover = emptyFailover;
  for (const [node, own] of byNode) {
    const [first] = own;
    if (first === undefined) continue;
    const { heardAt: at, version } = first;
    const status = { node, now: at, startedAt: at, version, groups: own.map((word) => word.status) };
    failover = foldFailover(failover, { kind: 'status', at, node, status }, failoverLimits);
  }
  return failover;
}

/** What runs on by itself, and changes nothing of the picture. */
const runningKeys = new Set([
  ...['leaseLeftMs', 'heardAt', 'heardMsAgo', 'sinceMs', 'rttMs', 'datagrams', 'hearsUs', 'historyNumber'],
]);
const changeKey = (value: unknown): string =>
  JSON.stringify(value, (name, inner: unknown) =>
    // How long it stays open runs on; that it is open does not.
    name === 'openMs' ? inner !== null : runningKeys.has(name) ? undefined : inner,
  );
