// What a story adds to the flow of one domain: the counts that lines add to the flow of all mail, told apart by recipient.
import type { FlowPoint } from '../protocol/api.ts';
import { isLoopback } from './correlate-leg.ts';
import type { DomainScope } from './mail-domain.ts';
import type { StoryState } from './story-state.ts';

export type FlowCount = Exclude<keyof FlowPoint, 'time' | 'lines' | 'oldestQueuedMs'>;

/**
 * Calls `add` for each thing counted, with the time it happened (epoch ms). Of a message from the scope every recipient
 * counts, of any other those in it. Attempts that a story left out because of its bound are not counted.
 */
export function countStory(
  { legs }: StoryState,
  scope: DomainScope,
  add: (time: number, what: FlowCount) => void,
): void {
  const isFromScope = legs.some((leg) => scope.covers(leg.from));
  const isOurs = ({ to, origTo }: { readonly to: string; readonly origTo?: string | undefined }): boolean =>
    isFromScope || scope.covers(to) || scope.covers(origTo);
  for (const leg of legs) {
    const isNew = leg.queuedAt !== undefined && leg.loopback !== true && leg.role !== 'notice';
    if (leg.queuedAt !== undefined && isNew) add(leg.queuedAt, 'accepted');
    for (const attempt of leg.attempts) {
      if (!isOurs(attempt)) continue;
      const isStep =
        attempt.nextQueueId !== undefined && (attempt.service === 'local' || isLoopback(attempt.relay?.ip));
      if (attempt.status === 'sent' && !isStep) add(attempt.time, 'delivered');
      else if (attempt.status === 'deferred') add(attempt.time, 'deferred');
      else if (attempt.status === 'bounced' || attempt.status === 'expired') add(attempt.time, 'bounced');
    }
    for (const outcome of leg.outcomes.values())
      if (outcome.fate === 'rejected' && isOurs(outcome)) add(outcome.time, 'rejected');
  }
}
