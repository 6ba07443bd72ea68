// The whole machine as one table, in the order in which rows are tried.
import { candidateRows } from './candidate.ts';
import type { EventKind, Region, Row } from './events.ts';
import { guardRows } from './guard.ts';
import { holderRows } from './holder.ts';
import { voterRows } from './voter.ts';

export const leaseRows: readonly Row[] = [...voterRows, ...candidateRows, ...holderRows, ...guardRows].map(
  (row, place) => ({ ...row, place }),
);

/** A region is asked in this order, so that a member sees what the voter beside it just granted. */
const regions: readonly Region[] = ['vote', 'role', 'guard'];
type RowsByState = Readonly<Record<string, readonly Row[]>>;
export type Table = ReadonlyMap<EventKind, readonly { readonly region: Region; readonly rowsByState: RowsByState }[]>;

/** Rows by event, region and state, so that a decision reads only those that may apply. */
export function indexRows(rows: readonly Row[]): Table {
  const events = [...new Set(rows.map((row) => row.event))];
  return new Map(
    events.map((event) => [
      event,
      regions.flatMap((region) => {
        const mine = rows.filter((row) => row.event === event && row.region === region);
        const states = [...new Set(mine.flatMap((row) => row.from))];
        const rowsByState = Object.fromEntries(
          states.map((state) => [state, mine.filter((row) => row.from.includes(state))]),
        );
        return mine.length === 0 ? [] : [{ region, rowsByState }];
      }),
    ]),
  );
}
