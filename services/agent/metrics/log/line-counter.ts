import { createLineParser } from '../../../logs/parse.ts';
import type { MailEvent } from '../../../protocol/mail-event.ts';

/** Sources whose place is remembered; beyond, the one that was counted longest ago is forgotten. */
export const sourcesMax = 2_000;
/** Lines that are counted before others get their turn. */
const linesPerTurn = 2_000;

/**
 * Counts the lines of batches once each, and only those written since the agent started, as every exporter does: a log of
 * last week is history for the store and no rate of today. A batch that is read again is not counted again.
 */
export function createLineCounter(
  options: { readonly startedAt: number; readonly timeZone: string },
  deps: { readonly observe: (event: MailEvent, line: string) => void; readonly now: () => number },
): {
  readonly count: (
    batch: { readonly sourceId: string; readonly firstOffset: number; readonly lastOffset: number },
    body: Buffer,
  ) => Promise<void>;
} {
  const countedTo = new Map<string, number>();
  // A classic syslog line has no fraction of a second.
  const since = Math.floor(options.startedAt / 1000) * 1000;

  return {
    count: async ({ sourceId, firstOffset, lastOffset }, body) => {
      if (firstOffset < (countedTo.get(sourceId) ?? 0)) return;
      countedTo.delete(sourceId);
      countedTo.set(sourceId, lastOffset);
      for (const oldest of countedTo.keys()) {
        if (countedTo.size <= sourcesMax) break;
        countedTo.delete(oldest);
      }
      const parser = createLineParser({ now: deps.now(), timeZone: options.timeZone });
      const lastAt = body.lastIndexOf(0x0a, body.length - 2) + 1;
      // Lines come in order of time, so a batch whose last line is old is old as a whole.
      if (parser.parse(body.toString('utf8', lastAt)).time < since) return;
      let lines = 0;
      for (let at = 0; at < body.length; ) {
        const end = body.indexOf(0x0a, at);
        const line = body.toString('utf8', at, end < 0 ? body.length : end);
        const event = parser.parse(line);
        if (event.time >= since) deps.observe(event, line);
        at = end < 0 ? body.length : end + 1;
        if (++lines % linesPerTurn === 0) await new Promise<void>((next) => setImmediate(next));
      }
    },
  };
}
