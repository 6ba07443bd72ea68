// The table as people read it: one line a row for the golden file, and a Mermaid diagram of a region for ARCHITECTURE.md.
import type { Region, Row } from './events.ts';

const nameOf = (fn: { readonly name: string }): string => fn.name;

/** `region: from --event [guard]--> to: effects — sentence`, in the order in which rows are tried. */
export function renderTable(rows: readonly Row[]): string {
  return rows
    .map(({ region, from, event, guard, to, effects, sentence }) => {
      const does = effects.length === 0 ? '' : `: ${effects.map(nameOf).join(', ')}`;
      return `${region}: ${from.join('|')} --${event} [${nameOf(guard)}]--> ${to}${does}\n    ${sentence}\n`;
    })
    .join('');
}

/** The transitions of a region that change its state, as a Mermaid state diagram; `rest` is out or unconfirmed. */
export function renderDiagram(rows: readonly Row[], region: Region): string {
  const arrows = new Map<string, Set<string>>();
  for (const row of rows) {
    if (row.region !== region || row.to === 'same') continue;
    for (const from of row.from) {
      const arrow = `${from} --> ${row.to}`;
      arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(row.event));
    }
  }
  const lines = [...arrows].map(([arrow, events]) => `  ${arrow}: ${[...events].join(', ')}`);
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n');
}

export const diagramMarkers = { start: '<!-- lease-table:start -->', end: '<!-- lease-table:end -->' } as const;

/** What stands between the markers in ARCHITECTURE.md. */
export function renderDiagrams(rows: readonly Row[]): string {
  const parts = [
    'The voter:',
    renderDiagram(rows, 'vote'),
    'The member:',
    renderDiagram(rows, 'role'),
    'The guard, one line to the kernel at a time:',
    renderDiagram(rows, 'guard'),
  ];
  return `${diagramMarkers.start}\n${parts.join('\n\n')}\n${diagramMarkers.end}`;
}
