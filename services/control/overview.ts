import { chooseStepMs, decideSentence, defaultOverviewPolicy } from '../fleet/overview.ts';
import type { FlowPoint, Overview } from '../protocol/api.ts';
import type { NodeState } from '../protocol/live.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EventStore } from './store/event-store.ts';

/** Collects what `/api/v1/overview` and the live overview say, over the last `windowMs`. */
export async function readOverview(
  windowMs: number,
  deps: { readonly clock: Clock; readonly store: EventStore; readonly readNodes: () => NodeState[] },
): Promise<Overview> {
  const { clock, store, readNodes } = deps;
  const now = clock.now();
  const stepMs = chooseStepMs(windowMs);
  const since = Math.floor((now - windowMs) / stepMs) * stepMs;
  const [flow, queue, completeness] = await Promise.all([
    store.readFlow({ since, until: now, stepMs }),
    store.readQueue(),
    store.readCompleteness({ since, until: now }),
  ]);
  const totals = sumFlow(flow.all);
  const nodes = readNodes();
  const lines = flow.all.reduce((sum, point) => sum + point.lines, 0);
  return {
    now,
    windowMs,
    stepMs,
    sentence: decideSentence({ nodes, totals, lines }, defaultOverviewPolicy),
    nodes,
    flow: flow.all,
    flowByNode: flow.byNode,
    totals,
    ...(queue.oldestQueuedAt === undefined ? {} : { oldestQueuedAt: queue.oldestQueuedAt }),
    inQueue: queue.inQueue,
    completeness,
  };
}

function sumFlow(points: readonly FlowPoint[]): Overview['totals'] {
  const totals = { accepted: 0, delivered: 0, deferred: 0, bounced: 0, rejected: 0 };
  for (const point of points) {
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += point[key];
  }
  return totals;
}
