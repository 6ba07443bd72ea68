import { chooseStepMs, decideSentence, defaultOverviewPolicy } from '../fleet/overview.ts';
import type { FlowPoint, Overview } from '../protocol/api.ts';
import type { NodeState } from '../protocol/live.ts';
import type { Clock } from '../runtime/clock.ts';
import type { OldestQueued } from './oldest-queued.ts';
import type { DomainFlow, EventStore, FlowRange } from './store/event-store.ts';

/** Put-off messages that the overview counts; beyond it says "at least". */
const deferredCountedMax = 2_000;

/** `domain`: figures of its mail alone. */
export type OverviewRequest = { readonly windowMs: number; readonly domain?: string | undefined };

/**
 * Collects what `/api/v1/overview` and the live overview say, over the last `windowMs`. The sentence, nodes, lines and
 * completeness are of all mail in any case: whether a log is whole is known of a source, never of a domain.
 */
export async function readOverview(
  { windowMs, domain }: OverviewRequest,
  deps: {
    readonly clock: Clock;
    readonly store: EventStore;
    readonly readNodes: () => NodeState[];
    /** Of all mail: what a queue holds of one domain nobody measures. */
    readonly readOldestQueued?: (range: FlowRange) => Promise<OldestQueued>;
  },
): Promise<Overview> {
  const { clock, store, readNodes } = deps;
  const now = clock.now();
  const stepMs = chooseStepMs(windowMs);
  const since = Math.floor((now - windowMs) / stepMs) * stepMs;
  const range = { since, until: now, stepMs };
  const inScope = domain === undefined ? {} : { domain };
  const [flow, scoped, deferred, completeness, oldest] = await Promise.all([
    store.readFlow(range),
    domain === undefined ? undefined : store.readDomainFlow({ ...range, domain }),
    store.countStories({ fate: 'deferred', since: now - windowMs, ...inScope }, deferredCountedMax),
    store.readCompleteness({ since, until: now }),
    domain === undefined ? deps.readOldestQueued?.(range) : undefined,
  ]);
  const queue = scoped ?? (await store.readQueue());
  const totals = sumFlow(flow.all);
  const nodes = readNodes();
  const lines = flow.all.reduce((sum, point) => sum + point.lines, 0);
  return {
    now,
    windowMs,
    stepMs,
    sentence: decideSentence({ nodes, totals, lines }, defaultOverviewPolicy),
    nodes,
    ...(scoped === undefined ? {} : { scope: scopeOf(scoped) }),
    flow:
      scoped === undefined
        ? withOldest(flow.all, oldest)
        : scoped.flow.map((point, at) => ({ ...point, lines: flow.all[at]?.lines ?? 0 })),
    flowByNode: flow.byNode,
    totals: scoped === undefined ? totals : sumFlow(scoped.flow),
    messages: { deferred },
    ...(queue.oldestQueuedAt === undefined ? {} : { oldestQueuedAt: queue.oldestQueuedAt }),
    inQueue: queue.inQueue,
    completeness,
  };
}

function withOldest(points: readonly FlowPoint[], oldest: OldestQueued = new Map()): FlowPoint[] {
  return points.map((point) => {
    const oldestQueuedMs = oldest.get(point.time);
    return oldestQueuedMs === undefined ? point : { ...point, oldestQueuedMs };
  });
}

const scopeOf = ({ domain, countedSince }: DomainFlow): Overview['scope'] => ({
  domain,
  ...(countedSince === undefined ? {} : { countedSince }),
});

function sumFlow(points: readonly FlowPoint[]): Overview['totals'] {
  const totals = { accepted: 0, delivered: 0, deferred: 0, bounced: 0, rejected: 0 };
  for (const point of points) {
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += point[key];
  }
  return totals;
}
