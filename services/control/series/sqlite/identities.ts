// Which number a series has, and how many there may be.
import type { DatabaseSync } from 'node:sqlite';
import type { SeriesKind } from '../../../protocol/series.ts';
import type { SeriesBounds } from '../series-store.ts';

/** A series silent for longer leaves its place among a node's to a new one; what is kept of it stays readable. */
const activeMs = 86_400_000;
/** How far `last_time` may lag: less writing than an update for each sample. */
const lastTimeSlackMs = 3_600_000;

type Known = { readonly no: number; lastTime: number };
type NodeSeries = Map<string, Known>;

/** The number of a series; `undefined` when there is no room for a new one. */
export type NumberOf = (name: string, kind: SeriesKind, labels: string) => number | undefined;

export type Identities = {
  /** For one scrape of a node, `time` being the scrape's. */
  readonly ofScrape: (node: number, time: number) => NumberOf;
  /** Series that were made since the last call. */
  readonly takeNew: () => number;
};

/** Labels as they are compared and kept: JSON, sorted by name. A label without a value is no label (as Prometheus has it). */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels).filter(([, value]) => value !== '');
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

export function createIdentities(db: DatabaseSync, bounds: SeriesBounds): Identities {
  const readNode = db.prepare('SELECT no, name, labels, last_time FROM series WHERE node = ?');
  const insert = db.prepare('INSERT INTO series (node, name, labels, kind, last_time) VALUES (?, ?, ?, ?, ?)');
  const touch = db.prepare('UPDATE series SET last_time = ? WHERE no = ?');
  const byNode = new Map<number, NodeSeries>();
  let total = Number(db.prepare('SELECT count(*) AS count FROM series').get()?.count ?? 0);
  let made = 0;

  function seriesOf(node: number): NodeSeries {
    const known = byNode.get(node);
    if (known !== undefined) return known;
    const read: NodeSeries = new Map();
    for (const row of readNode.iterate(node))
      read.set(`${row.name}${row.labels}`, { no: Number(row.no), lastTime: Number(row.last_time) });
    byNode.set(node, read);
    return read;
  }

  /** Whether a new series may be kept, whoever is heard at the time. */
  function mayKeep(series: NodeSeries): boolean {
    if (series.size < bounds.seriesPerNodeMax) return total < bounds.seriesMax;
    return series.size < bounds.seriesPerNodeKeptMax && total < bounds.seriesMax / 2;
  }

  return {
    ofScrape: (node, time) => {
      const series = seriesOf(node);
      const isActive = ({ lastTime }: Known): boolean => lastTime >= time - activeMs;
      // Counted once, when it is first asked for: a scrape may bring thousands that there is no room for.
      let active: number | undefined;

      function countActive(): number {
        let count = 0;
        for (const known of series.values()) if (isActive(known)) count += 1;
        return count;
      }

      function hasRoom(): boolean {
        if (!mayKeep(series)) return false;
        if (series.size < bounds.seriesPerNodeMax) return true;
        active ??= countActive();
        return active < bounds.seriesPerNodeMax;
      }

      return (name, kind, labels) => {
        const key = `${name}${labels}`;
        const known = series.get(key);
        if (known !== undefined) {
          if (time - known.lastTime >= lastTimeSlackMs) {
            if (active !== undefined && !isActive(known)) active += 1;
            touch.run(time, known.no);
            known.lastTime = time;
          }
          return known.no;
        }
        if (!hasRoom()) return undefined;
        const no = Number(insert.run(node, name, labels, kind, time).lastInsertRowid);
        series.set(key, { no, lastTime: time });
        if (active !== undefined) active += 1;
        total += 1;
        made += 1;
        return no;
      };
    },
    takeNew: () => {
      const count = made;
      made = 0;
      return count;
    },
  };
}
