// Figures over time: the flow by step, and what stands in the queues.
import type { DatabaseSync } from 'node:sqlite';
import { firstSeenAt, isQueued, type StoryState } from '../../../logs/story-state.ts';
import type { FlowPoint } from '../../../protocol/api.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { FlowRange } from '../event-store.ts';

export const flowLimits = { stepsMax: 5_000 } as const;
const minuteMs = 60_000;
/** A message that no line has named for longer is in no queue any more: Postfix gives up after five days. */
export const queueSilenceSeconds = 7 * 86_400;

/** Steps begin at multiples of `stepMs`; every step of the range is there. @throws AppError `bad-request`. */
export function blankFlow({ since, until, stepMs }: FlowRange): FlowPoint[] {
  const start = Math.floor(since / stepMs) * stepMs;
  const steps = Math.floor((until - start) / stepMs) + 1;
  if (!(stepMs >= minuteMs) || steps > flowLimits.stepsMax)
    throw new AppError(
      'bad-request',
      `The flow has steps of a minute or more, and at most ${flowLimits.stepsMax} of them.`,
    );
  return Array.from({ length: Math.max(0, steps) }, (_, at) => ({
    ...{ time: start + at * stepMs, lines: 0, accepted: 0, delivered: 0, deferred: 0, bounced: 0, rejected: 0 },
  }));
}

export function createFlowReader(
  db: DatabaseSync,
  deps: { readonly load: (no: number) => StoryState | undefined; readonly now: () => number },
) {
  const read = db.prepare(
    `SELECT CAST((m.minute * ${minuteMs} - ?) / ? AS INTEGER) AS step, s.node AS node, sum(m.lines) AS lines, sum(accepted) AS accepted,
       sum(delivered) AS delivered, sum(deferred) AS deferred, sum(bounced) AS bounced, sum(rejected) AS rejected
     FROM minute m JOIN source s ON s.no = m.source WHERE m.minute BETWEEN ? AND ? GROUP BY step, node`,
  );
  // A line may claim a time to come: that is not where the log stands.
  const newestUntil = db.prepare('SELECT max(last_s) AS s FROM story WHERE last_s <= ?');
  const countOpen = db.prepare(
    'SELECT count(*) AS count FROM story INDEXED BY story_open WHERE open = 1 AND last_s >= ?',
  );
  const oldestOpen = db.prepare(
    'SELECT no FROM story INDEXED BY story_open WHERE open = 1 AND last_s >= ? ORDER BY first_s LIMIT 1',
  );

  return {
    /** See {@link blankFlow}. */
    flow: (range: FlowRange): { all: FlowPoint[]; byNode: Record<string, FlowPoint[]> } => {
      const { since, until, stepMs } = range;
      const start = Math.floor(since / stepMs) * stepMs;
      const all = blankFlow(range);
      const byNode = new Map<string, FlowPoint[]>();
      for (const row of read.iterate(start, stepMs, Math.floor(start / minuteMs), Math.floor(until / minuteMs))) {
        const at = Number(row.step);
        const ofNode = byNode.get(String(row.node)) ?? blankFlow(range);
        byNode.set(String(row.node), ofNode);
        for (const point of [all[at], ofNode[at]]) {
          if (point === undefined) continue;
          point.lines += Number(row.lines);
          point.accepted += Number(row.accepted);
          point.delivered += Number(row.delivered);
          point.deferred += Number(row.deferred);
          point.bounced += Number(row.bounced);
          point.rejected += Number(row.rejected);
        }
      }
      // Whatever a node is called, it is a key of its own.
      return { all, byNode: Object.fromEntries(byNode) };
    },
    queue: (): { inQueue: number; oldestQueuedAt?: number } => {
      const since = Number(newestUntil.get(Math.floor(deps.now() / 1000))?.s ?? 0) - queueSilenceSeconds;
      const inQueue = Number(countOpen.get(since)?.count ?? 0);
      const oldest = oldestOpen.get(since);
      const story = oldest === undefined ? undefined : deps.load(Number(oldest.no));
      if (story === undefined) return { inQueue };
      const queued = story.legs.filter(isQueued).map((leg) => leg.queuedAt ?? leg.firstSeenAt);
      return {
        inQueue,
        oldestQueuedAt: Math.min(...queued, queued.length === 0 ? firstSeenAt(story) : Number.POSITIVE_INFINITY),
      };
    },
  };
}
