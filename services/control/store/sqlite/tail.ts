// The live tail: lines that pass the filter, at most so many a second, the rest counted.

import { type TailChunk, type TailFilter, type TailLine, tailLimits } from '../../../protocol/live.ts';
import type { MailEvent } from '../../../protocol/mail-event.ts';

export function createTail() {
  let filter: TailFilter | undefined;
  let text = '';
  let second = 0;
  let shown = 0;
  let lines: TailLine[] = [];
  let skipped = 0;

  return {
    setFilter: (next: TailFilter | undefined): void => {
      filter = next;
      text = next?.text?.toLowerCase() ?? '';
    },
    /** A batch begins, read at this time: the rate counts by the agent's seconds. */
    begin: (readMs: number): void => {
      const now = Math.floor(readMs / 1000);
      if (now !== second) [second, shown] = [now, 0];
    },
    offer: (node: string, event: MailEvent, line: string): void => {
      if (filter === undefined) return;
      if (filter.node !== undefined && filter.node !== node) return;
      if (filter.kinds !== undefined && !filter.kinds.includes(event.kind)) return;
      if (text !== '' && !line.toLowerCase().includes(text)) return;
      if (shown >= tailLimits.linesPerSecond) {
        skipped += 1;
        return;
      }
      shown += 1;
      lines.push({
        node,
        time: event.time,
        kind: event.kind,
        ...(event.severity === undefined ? {} : { severity: event.severity }),
        ...(event.service === undefined ? {} : { service: event.service }),
        ...(event.queueId === undefined ? {} : { queueId: event.queueId }),
        text: line,
      });
    },
    take: (): TailChunk | undefined => {
      if (lines.length === 0 && skipped === 0) return undefined;
      const chunk = { lines, skipped };
      lines = [];
      skipped = 0;
      return chunk;
    },
  };
}
