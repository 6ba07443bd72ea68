import type { LineContext } from '../logs/parse.ts';
import { createUnparsedClusters } from '../logs/unparsed-clusters.ts';
import type { MailEvent } from '../protocol/mail-event.ts';
import type { UnparsedCluster } from '../protocol/unparsed.ts';
import { renderUnparsed } from './render-unparsed.ts';
import { renderTable, type Style } from './terminal.ts';

export type ParseSummary = {
  readonly lines: number;
  readonly unparsed: number;
  /** 0 to 1. */
  readonly unparsedShare: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly byDaemon: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  /** The largest groups of lines that are not understood. */
  readonly unparsedClusters: readonly UnparsedCluster[];
};

/** Names that are told apart; more (forged tags) are counted together as `other`. */
const namesMax = 500;
const clustersShownMax = 5;

export type ParseStatistics = {
  readonly add: (event: MailEvent, line: string) => undefined;
  readonly summary: () => ParseSummary;
  readonly render: (summary: ParseSummary, style: Style) => string;
};

export function createParseStatistics(context: LineContext): ParseStatistics {
  const kinds = new Map<string, number>();
  const daemons = new Map<string, number>();
  const statuses = new Map<string, number>();
  const clusters = createUnparsedClusters(context);
  let lines = 0;

  const count = (counts: Map<string, number>, name: string): void => {
    const known = counts.has(name) || counts.size < namesMax ? name : 'other';
    counts.set(known, (counts.get(known) ?? 0) + 1);
  };
  const sorted = (counts: Map<string, number>): Record<string, number> =>
    Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));

  return {
    add(event, line) {
      lines++;
      count(kinds, event.kind);
      count(daemons, `${event.software ?? 'unknown'}/${event.service ?? event.program ?? '-'}`);
      if (event.status !== undefined) count(statuses, event.status);
      if (event.kind === 'unparsed') clusters.add(line, event.time);
      return undefined;
    },
    summary() {
      const unparsed = kinds.get('unparsed') ?? 0;
      return {
        lines,
        unparsed,
        unparsedShare: lines === 0 ? 0 : unparsed / lines,
        byKind: sorted(kinds),
        byDaemon: sorted(daemons),
        byStatus: sorted(statuses),
        unparsedClusters: clusters.result(clustersShownMax).clusters,
      };
    },
    render(summary, style) {
      const table = (title: string, counts: Readonly<Record<string, number>>): string =>
        renderTable(
          [{ title: 'lines', align: 'right' }, { title: 'share', align: 'right' }, { title }],
          Object.entries(counts).map(([name, value]) => [String(value), percent(value / summary.lines), name]),
        );
      const parts = [
        `${summary.lines} lines, ${summary.unparsed} of them not understood (${percent(summary.unparsedShare)}).`,
        ...(summary.lines === 0 ? [] : [table('kind', summary.byKind), table('daemon', summary.byDaemon)]),
        ...(statuses.size === 0 ? [] : [table('status', summary.byStatus)]),
        ...(summary.unparsed === 0
          ? []
          : [
              `Not understood, the largest groups first:\n\n${renderUnparsed({ clusters: [...summary.unparsedClusters], otherLines: summary.unparsed - shown(summary) }, style)}`,
            ]),
      ];
      return parts.join('\n\n');
    },
  };
}

const shown = ({ unparsedClusters }: ParseSummary): number =>
  unparsedClusters.reduce((sum, { count }) => sum + count, 0);

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;
}
