// A table of counted names that stays within its bound, whatever names come.
import { own } from './story-state.ts';

/** The share of names that stays when a table is full: the ones that counted most so far. */
const keptShare = 0.5;
/** What is kept of a name; longer ones that begin alike count as one. */
const nameCharsMax = 256;

export type TableRow<C extends string> = { name: string } & Record<C, number>;
export type TableResult<C extends string> = {
  rows: TableRow<C>[];
  other: Record<C, number>;
  names: number;
  atLeast: boolean;
};
export type ReportTable<C extends string> = {
  /** Adds to a name; negative amounts take back. A column that ends in `Max…` keeps the largest. */
  readonly add: (name: string, amounts: Partial<Record<C, number>>) => void;
  /** Held names with something in `column`. */
  readonly namesWith: (column: C) => number;
  /** The first `rowsMax` by rank (then by the first column, then by name), the rest added up. */
  readonly result: (rowsMax: number) => TableResult<C>;
};

/**
 * Sums are exact. Above `namesMax` the names that count least are set aside into `other`; a name that becomes frequent
 * later is seen all the same, with what it had before in `other`. A name's rank is the sum of `rankBy`.
 */
export function createReportTable<C extends string>(
  columns: readonly [C, ...C[]],
  namesMax: number,
  rankBy: readonly C[] = columns.slice(0, 1),
): ReportTable<C> {
  const held = new Map<string, number[]>();
  const setAside = columns.map(() => 0);
  const keepsLargest = columns.map((column) => column.includes('Max'));
  let namesSeen = 0;

  const merge = (into: number[], at: number, value: number): void => {
    const known = into[at] ?? 0;
    into[at] = keepsLargest[at] === true ? Math.max(known, value) : known + value;
  };
  const rankSlots = rankBy.map((column) => columns.indexOf(column));
  const rankOf = (values: readonly number[]): number => {
    let rank = 0;
    for (const slot of rankSlots) rank += values[slot] ?? 0;
    return rank;
  };
  const byRank = ([nameA, a]: [string, number[]], [nameB, b]: [string, number[]]): number =>
    rankOf(b) - rankOf(a) || (b[0] ?? 0) - (a[0] ?? 0) || (nameA < nameB ? -1 : 1);
  const toRecord = (values: readonly number[]): Record<C, number> =>
    Object.fromEntries(columns.map((column, at) => [column, values[at] ?? 0])) as Record<C, number>;

  function setRareAside(): void {
    namesSeen = Math.max(namesSeen, held.size);
    const kept = Math.ceil(namesMax * keptShare);
    const ranks = Float64Array.from(held.values(), rankOf).sort();
    const leastKept = ranks[ranks.length - kept] ?? 0;
    // Of the names at the border, all of which counted the same, the older ones go.
    let goneAtBorder = held.size - kept - ranks.findIndex((rank) => rank >= leastKept);
    for (const [name, values] of held) {
      const rank = rankOf(values);
      if (rank > leastKept || (rank === leastKept && goneAtBorder === 0)) continue;
      if (rank === leastKept) goneAtBorder -= 1;
      for (let at = 0; at < values.length; at += 1) merge(setAside, at, values[at] ?? 0);
      held.delete(name);
    }
  }

  return {
    add: (fullName, amounts) => {
      const name = fullName.length > nameCharsMax ? fullName.slice(0, nameCharsMax) : fullName;
      const isTakenBack = columns.some((column) => (amounts[column] ?? 0) < 0);
      let values = held.get(name);
      // What is taken back of a name that was set aside comes from there.
      if (values === undefined && isTakenBack) values = setAside;
      if (values === undefined) {
        if (held.size >= namesMax) setRareAside();
        values = columns.map(() => 0);
        held.set(own(name), values);
      }
      for (let at = 0; at < columns.length; at += 1) {
        const amount = amounts[columns[at] as C];
        if (amount !== undefined) merge(values, at, amount);
      }
      if (isTakenBack && values.every((value) => value === 0)) held.delete(name);
    },
    namesWith: (column) => {
      const slot = columns.indexOf(column);
      let names = 0;
      for (const values of held.values()) if ((values[slot] ?? 0) > 0) names += 1;
      return names;
    },
    result: (rowsMax) => {
      const ranked = [...held].sort(byRank);
      const other = [...setAside];
      for (const [, values] of ranked.slice(rowsMax))
        for (const [at, value] of values.entries()) merge(other, at, value);
      const rows = ranked.slice(0, rowsMax).map(([name, values]) => ({ name, ...toRecord(values) }));
      return { rows, other: toRecord(other), names: Math.max(namesSeen, held.size), atLeast: namesSeen > 0 };
    },
  };
}
