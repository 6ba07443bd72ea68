// The live tails: for each filter the lines that pass it, at most so many a second, the rest counted.
import { createTailMatch, type TailMatch } from '../../../logs/tail-match.ts';
import { type TailFilter, type TailLine, tailLimits } from '../../../protocol/live.ts';
import type { MailEvent } from '../../../protocol/mail-event.ts';
import type { Tails } from '../event-store.ts';

type Follower = {
  readonly id: string;
  readonly matches: TailMatch;
  shown: number;
  lines: TailLine[];
  skipped: number;
};

export function createTail() {
  let followers: Follower[] = [];
  let second = 0;

  return {
    /** What is followed from now on, by a name of the caller's. */
    setFilters: (filters: Readonly<Record<string, TailFilter>>): void => {
      followers = Object.entries(filters)
        .slice(0, tailLimits.filtersMax)
        .map(([id, filter]) => ({ id, matches: createTailMatch(filter), shown: 0, lines: [], skipped: 0 }));
    },
    /** A batch begins now, by a clock that only rises: those of the agents differ, and would begin a second with each batch. */
    begin: (monotonicMs: number): void => {
      const now = Math.floor(monotonicMs / 1000);
      if (now === second) return;
      second = now;
      for (const follower of followers) follower.shown = 0;
    },
    offer: (node: string, event: MailEvent, line: string): void => {
      if (followers.length === 0) return;
      let lower: string | undefined;
      const lowerLine = (): string => {
        lower ??= line.toLowerCase();
        return lower;
      };
      let carried: TailLine | undefined;
      for (const follower of followers) {
        if (!follower.matches(event, node, lowerLine)) continue;
        if (follower.shown >= tailLimits.linesPerSecond) {
          follower.skipped += 1;
          continue;
        }
        follower.shown += 1;
        carried ??= toTailLine(node, event, line);
        follower.lines.push(carried);
      }
    },
    take: (): Tails | undefined => {
      const spoken = followers.filter(({ lines, skipped }) => lines.length > 0 || skipped > 0);
      if (spoken.length === 0) return undefined;
      const tails = Object.fromEntries(spoken.map(({ id, lines, skipped }) => [id, { lines, skipped }]));
      for (const follower of spoken) [follower.lines, follower.skipped] = [[], 0];
      return tails;
    },
  };
}

const toTailLine = (node: string, event: MailEvent, line: string): TailLine => ({
  node,
  time: event.time,
  kind: event.kind,
  ...(event.severity === undefined ? {} : { severity: event.severity }),
  ...(event.service === undefined ? {} : { service: event.service }),
  ...(event.queueId === undefined ? {} : { queueId: event.queueId }),
  text: line,
});
