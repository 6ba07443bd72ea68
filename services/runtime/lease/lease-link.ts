// Between the lease process of this machine and control: what it says is forwarded while control is there, and nothing is kept for
// later but the newest word. The history waits in the lease process itself, which remembers a bounded part of it.
import { z } from 'zod';
import {
  failoverLimits,
  type LeaseReply,
  leaseHistoryMessageSchema,
  leaseQuestionSchema,
  leaseReplySchema,
  leaseStatusMessageSchema,
} from '../../protocol/failover.ts';
import {
  type LeaseHistoryEntry,
  type LeaseOrder,
  type LeaseWatchLine,
  leaseExplainSchema,
  leaseHistorySchema,
  leaseOrderAnswerSchema,
  preflightSchema,
} from '../../protocol/lease-status.ts';
import { leaseEvents } from '../../protocol/live.ts';
import type { Clock } from '../clock.ts';
import { askLease, watchLease } from './ask-lease.ts';
import { createLeaseWatch, type LeaseLook } from './lease-watch.ts';

/** What the way to control lends while it stands. */
export type LeaseChannel = {
  /** Lost when there is no connection. */
  readonly tell: (event: string, payload: unknown) => void;
  /** Rejects when there is no answer in time. */
  readonly ask: (event: string, payload: unknown, withinMs: number) => Promise<unknown>;
};

export type LeaseLink = {
  readonly connected: (channel: LeaseChannel) => void;
  readonly disconnected: () => void;
  /** A question of control, as it came; never rejects. */
  readonly question: (payload: unknown) => Promise<unknown>;
  readonly order: (group: string, order: LeaseOrder) => Promise<{ isDone: boolean; sentences: readonly string[] }>;
  readonly stop: () => void;
};

const detailCharsMax = 500;
/** Entries that were heard as they happened and are not told yet; more is left to the next look. */
const freshMax = 100;

const shortened = (entry: LeaseHistoryEntry): LeaseHistoryEntry => ({
  ...entry,
  sentence: entry.sentence.slice(0, failoverLimits.sentenceCharsMax),
});

/** `node`: the name that it speaks under; that of the lease process's own file unless given. */
export function createLeaseLink(
  config: { readonly node?: string; readonly socket: string; readonly lookEveryMs?: number },
  deps: {
    readonly clock: Clock;
    /** Hears every look, for the metrics and the log. */
    readonly onLook: (look: LeaseLook) => void;
  },
): LeaseLink {
  const { socket, lookEveryMs = failoverLimits.lookEveryMs } = config;
  const { clock, onLook } = deps;
  let channel: LeaseChannel | undefined;
  let { node } = config;
  let told = { key: '', at: Number.NEGATIVE_INFINITY };
  /** The last entry of each group that control has, of the process that started then. */
  let having = { startedAt: 0, numbers: new Map<string, number>() };
  let isTelling = false;
  let measuring: Promise<LeaseReply> | undefined;
  let fresh: LeaseWatchLine[] = [];
  let following: { readonly stop: () => void } | undefined;

  function forget(): void {
    told = { key: '', at: Number.NEGATIVE_INFINITY };
    having = { startedAt: 0, numbers: new Map() };
  }

  function tellStatus(look: LeaseLook): void {
    const key = changeKey(look);
    const isDue = key !== told.key || clock.monotonicMs() - told.at >= failoverLimits.unchangedEveryMs;
    if (channel === undefined || node === undefined || !isDue) return;
    told = { key, at: clock.monotonicMs() };
    const { status = null, why = '' } = look;
    const message = { node, status, why: why.slice(0, detailCharsMax) };
    channel.tell(leaseEvents.status, z.encode(leaseStatusMessageSchema, message));
  }

  /** One message at a time; what is not acknowledged is told again at the next look. */
  async function tellHistory({ status }: LeaseLook): Promise<void> {
    if (status === undefined || node === undefined || isTelling) return;
    isTelling = true;
    try {
      if (having.startedAt !== status.startedAt) having = { startedAt: status.startedAt, numbers: new Map() };
      const mine = having;
      for (const { group, incarnation, historyNumber } of status.groups) {
        while (channel !== undefined && (mine.numbers.get(incarnation) ?? 0) < historyNumber && mine === having) {
          const after = mine.numbers.get(incarnation) ?? 0;
          const { value } = await askLease(socket, `/${group}/history?after=${after}`, leaseHistorySchema);
          const entries = value.entries.slice(0, failoverLimits.entriesPerMessageMax).map(shortened);
          const last = entries.at(-1)?.number;
          if (last === undefined) break;
          const { startedAt } = mine;
          const message = z.encode(leaseHistoryMessageSchema, { node, group, incarnation, startedAt, entries });
          const isTaken = await channel?.ask(leaseEvents.history, message, failoverLimits.historyWithinMs);
          if (isTaken !== true) return;
          mine.numbers.set(incarnation, last);
        }
      }
      await tellFresh();
    } catch {
      // Not acknowledged, or the lease process is gone: the next look begins where control stands.
    } finally {
      isTelling = false;
    }
  }

  /** The last words of a process that ends cannot be asked for any more; those of one that goes on may come twice. */
  async function tellFresh(): Promise<void> {
    for (let line = fresh.shift(); line !== undefined; line = fresh.shift()) {
      const { group, incarnation, startedAt, entry } = line;
      const known = startedAt === having.startedAt ? (having.numbers.get(incarnation) ?? 0) : 0;
      if (node === undefined || entry.number <= known) continue;
      const message = z.encode(leaseHistoryMessageSchema, {
        node,
        group,
        incarnation,
        startedAt,
        entries: [shortened(entry)],
      });
      const isTaken = await channel?.ask(leaseEvents.history, message, failoverLimits.historyWithinMs);
      const isNext = startedAt === having.startedAt && entry.number === known + 1;
      if (isTaken === true && isNext) having.numbers.set(incarnation, entry.number);
    }
  }
  function hear(line: LeaseWatchLine): void {
    if (channel === undefined || fresh.length >= freshMax) return;
    fresh.push(line);
    if (isTelling) return;
    isTelling = true;
    tellFresh()
      .catch(() => {})
      .finally(() => {
        isTelling = false;
      });
  }
  function follow(): void {
    following ??= watchLease(socket, {
      onLine: hear,
      onEnd: () => {
        following = undefined;
      },
    });
  }

  const watch = createLeaseWatch(
    { socket, everyMs: lookEveryMs },
    {
      clock,
      onLook: (look) => {
        node ??= look.status?.node;
        if (look.status !== undefined) follow();
        onLook(look);
        tellStatus(look);
        void tellHistory(look);
      },
    },
  );

  async function ask(group: string, about: 'preflight' | 'explain'): Promise<LeaseReply> {
    const path = `/${encodeURIComponent(group)}/${about}`;
    try {
      if (about === 'preflight')
        return { ok: true, about, preflight: (await askLease(socket, path, preflightSchema)).value };
      return { ok: true, about, explanation: (await askLease(socket, path, leaseExplainSchema)).value };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { ok: false, detail: detail.slice(0, detailCharsMax) };
    }
  }
  /** It measures for seconds and sends datagrams: one at a time, whoever asks. */
  async function measure(group: string): Promise<LeaseReply> {
    while (measuring !== undefined) await measuring;
    measuring = ask(group, 'preflight').finally(() => {
      measuring = undefined;
    });
    return measuring;
  }

  return {
    connected: (lent) => {
      channel = lent;
      forget();
    },
    disconnected: () => {
      channel = undefined;
      fresh = [];
    },
    question: async (payload) => {
      const asked = leaseQuestionSchema.safeParse(payload);
      if (!asked.success) return { ok: false, detail: 'The question is not understood.' };
      const { group, about } = asked.data;
      return z.encode(leaseReplySchema, await (about === 'preflight' ? measure(group) : ask(group, about)));
    },
    order: async (group, order) => (await askLease(socket, `/${group}/order`, leaseOrderAnswerSchema, { order })).value,
    stop: () => {
      channel = undefined;
      watch.stop();
      following?.stop();
    },
  };
}

/** What runs on by itself, and is no news. */
const runningKeys = new Set([...['now', 'leaseLeftMs', 'heardMsAgo', 'rttMs', 'sinceMs', 'datagrams']]);
const changeKey = ({ status, why }: LeaseLook): string =>
  JSON.stringify([status, why], (name, value: unknown) =>
    // How long it stays open runs on; that it is open does not.
    name === 'openMs' ? value !== null : runningKeys.has(name) ? undefined : value,
  );
