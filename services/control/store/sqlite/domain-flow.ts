// Figures of one domain, drawn from its stories: the lookup finds them, so no table grows with the number of domains.
import { createDomainScope } from '../../../logs/mail-domain.ts';
import { countStory } from '../../../logs/story-flow.ts';
import { readStoryQuery } from '../../../logs/story-query.ts';
import { isQueued, type StoryState } from '../../../logs/story-state.ts';
import type { FlowPoint } from '../../../protocol/api.ts';
import type { DomainFlow, DomainFlowRange } from '../event-store.ts';
import { blankFlow, queueSilenceSeconds } from './flow.ts';
import type { createSearch, Work } from './search.ts';

export const domainFlowLimits = {
  /** Stories read for one answer: a fraction of a second. A larger domain's figures begin later, and say when. */
  storiesMax: 4_000,
  /** Stories looked at in the index alone. */
  rowsMax: 100_000,
} as const;

type Limits = Readonly<Record<keyof typeof domainFlowLimits, number>>;

export function createDomainFlowReader(deps: {
  readonly load: (no: number) => StoryState | undefined;
  readonly byKeys: ReturnType<typeof createSearch>['byKeys'];
}) {
  return ({ since, until, stepMs, domain }: DomainFlowRange, limits: Limits = domainFlowLimits): DomainFlow => {
    const scope = createDomainScope(domain);
    const flow = blankFlow({ since, until, stepMs });
    const start = flow[0]?.time ?? since;
    const add = (time: number, what: Exclude<keyof FlowPoint, 'time' | 'lines' | 'oldestQueuedMs'>): void => {
      const point = flow[Math.floor((time - start) / stepMs)];
      if (point !== undefined && time <= until) point[what] += 1;
    };
    const { conditions } = readStoryQuery({ domain });
    const sinceSecond = Math.floor(since / 1000);
    const untilSecond = Math.floor(until / 1000);
    const silentSecond = untilSecond - queueSilenceSeconds;
    const work: Work = { entries: 0 };
    const from = { second: untilSecond, no: Number.MAX_SAFE_INTEGER };
    let [rows, stories, inQueue] = [0, 0, 0];
    let oldestQueuedAt: number | undefined;
    let countedSince: number | undefined;
    for (const row of deps.byKeys(conditions, from, Math.min(sinceSecond, silentSecond), work)) {
      const isWaiting = row.open === 1 && row.last_s >= silentSecond;
      rows += 1;
      if (row.last_s < sinceSecond && !isWaiting) {
        if (rows < limits.rowsMax) continue;
      } else stories += 1;
      if (stories > limits.storiesMax || rows >= limits.rowsMax) {
        countedSince = (row.first_s + 1) * 1000;
        break;
      }
      const story = deps.load(row.no);
      if (story === undefined) continue;
      countStory(story, scope, add);
      if (!isWaiting) continue;
      inQueue += 1;
      for (const leg of story.legs)
        if (isQueued(leg)) oldestQueuedAt = Math.min(oldestQueuedAt ?? Infinity, leg.queuedAt ?? leg.firstSeenAt);
    }
    if (work.stoppedAt !== undefined) countedSince = Math.max(countedSince ?? 0, (work.stoppedAt.second + 1) * 1000);
    return {
      domain: scope.name,
      flow,
      inQueue,
      ...(oldestQueuedAt === undefined ? {} : { oldestQueuedAt }),
      ...(countedSince === undefined ? {} : { countedSince }),
    };
  };
}
