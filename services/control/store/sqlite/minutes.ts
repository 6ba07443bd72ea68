// What happened in each minute, by source: the figures of the flow, and what completeness is drawn from.
import type { DatabaseSync } from 'node:sqlite';
import { isLoopback } from '../../../logs/correlate-leg.ts';
import type { MailEvent } from '../../../protocol/mail-event.ts';

const columns = [
  'lines',
  'unparsed',
  'suppressed',
  'duplicates',
  'accepted',
  'delivered',
  'deferred',
  'bounced',
  'rejected',
] as const;
export type MinuteColumn = (typeof columns)[number];
const slotOf = Object.fromEntries(columns.map((name, at) => [name, at])) as Record<MinuteColumn, number>;

export type Minutes = {
  readonly add: (source: number, time: number, column: MinuteColumn, count: number) => void;
  /** Writes what was added; part of the caller's transaction. */
  readonly flush: () => void;
};

const minuteMs = 60_000;

export function createMinutes(db: DatabaseSync): Minutes {
  const upsert = db.prepare(
    `INSERT INTO minute (minute, source, ${columns.join(', ')}) VALUES (?, ?, ${columns.map(() => '?').join(', ')})
     ON CONFLICT (minute, source) DO UPDATE SET ${columns.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
  );
  const bySource = new Map<number, Map<number, number[]>>();
  // Lines come in the order of time: the row of the last one is most often the row of the next.
  let [lastSource, lastMinute] = [-1, -1];
  let row: number[] = [];
  return {
    add: (source, time, column, count) => {
      const minute = Math.floor(time / minuteMs);
      if (source !== lastSource || minute !== lastMinute) {
        const minutes = bySource.get(source) ?? new Map<number, number[]>();
        bySource.set(source, minutes);
        const found = minutes.get(minute) ?? columns.map(() => 0);
        minutes.set(minute, found);
        [lastSource, lastMinute, row] = [source, minute, found];
      }
      const slot = slotOf[column];
      row[slot] = (row[slot] ?? 0) + count;
    },
    flush: () => {
      for (const [source, minutes] of bySource)
        for (const [minute, counts] of minutes) upsert.run(minute, source, ...counts);
      bySource.clear();
      [lastSource, lastMinute, row] = [-1, -1, []];
    },
  };
}

/**
 * What a line adds to the flow, counted where it was written: a delivery to a filter of the same machine and an address
 * that local(8) sends on are steps, no outcomes. (A message that crosses two watched nodes counts on each.)
 */
export function flowOf(event: MailEvent): MinuteColumn | undefined {
  if (event.kind === 'reject') return 'rejected';
  if (event.kind !== 'delivery') return undefined;
  switch (event.status) {
    case 'sent': {
      const isStep = event.nextQueueId !== undefined && (event.service === 'local' || isLoopback(event.relay?.ip));
      return isStep ? undefined : 'delivered';
    }
    case 'deferred':
      return 'deferred';
    case 'bounced':
    case 'expired':
      return 'bounced';
    default:
      return undefined;
  }
}
