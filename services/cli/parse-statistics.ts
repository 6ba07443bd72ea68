import type { MailEvent } from '../protocol/mail-event.ts';
import { clip, renderTable, terminalSafe } from './terminal.ts';

export type ParseSummary = {
  readonly lines: number;
  readonly unparsed: number;
  /** 0 to 1. */
  readonly unparsedShare: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly byDaemon: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly unparsedExamples: readonly string[];
};

/** Names that are told apart; more (forged tags) are counted together as `other`. */
const namesMax = 500;
const examplesMax = 5;
const exampleCharsMax = 200;

export type ParseStatistics = {
  readonly add: (event: MailEvent, line: string) => undefined;
  readonly summary: () => ParseSummary;
  readonly render: (summary: ParseSummary) => string;
};

export function createParseStatistics(): ParseStatistics {
  const kinds = new Map<string, number>();
  const daemons = new Map<string, number>();
  const statuses = new Map<string, number>();
  const examples: string[] = [];
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
      if (event.kind === 'unparsed' && examples.length < examplesMax) examples.push(line.slice(0, exampleCharsMax));
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
        unparsedExamples: examples,
      };
    },
    render(summary) {
      const table = (title: string, counts: Readonly<Record<string, number>>): string =>
        renderTable(
          [{ title: 'lines', align: 'right' }, { title: 'share', align: 'right' }, { title }],
          Object.entries(counts).map(([name, value]) => [String(value), percent(value / summary.lines), name]),
        );
      const parts = [
        `${summary.lines} lines, ${summary.unparsed} of them not understood (${percent(summary.unparsedShare)}).`,
        ...(summary.lines === 0 ? [] : [table('kind', summary.byKind), table('daemon', summary.byDaemon)]),
        ...(statuses.size === 0 ? [] : [table('status', summary.byStatus)]),
        ...(examples.length === 0
          ? []
          : [
              `Not understood, for example:\n${examples.map((line) => `  ${clip(terminalSafe(line), exampleCharsMax)}`).join('\n')}`,
            ]),
      ];
      return parts.join('\n\n');
    },
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;
}
