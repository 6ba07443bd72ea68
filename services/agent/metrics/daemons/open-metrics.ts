// Reading what another program exposes (Prometheus text format 0.0.4 and OpenMetrics 1.0), as far as counters and gauges go.
import type { Labels } from '../family.ts';

/** Rows beyond this are left out. */
export const rowsMax = 10_000;

export type ExposedRow = { readonly name: string; readonly labels: Labels; readonly value: number };

/** Rows without their comments; a line that is no row is left out. */
export function parseExposition(text: string): ExposedRow[] {
  const rows: ExposedRow[] = [];
  for (const line of text.split('\n')) {
    if (rows.length >= rowsMax) break;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null) continue;
    const [, name = '', labelText = '', valueText = ''] = match;
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    if (Number.isNaN(value)) continue;
    rows.push({ name, labels: parseLabels(labelText), value });
  }
  return rows;
}

function parseLabels(text: string): Labels {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    if (name === undefined || value === undefined) continue;
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

/**
 * Makes rows add up. Dovecot's `group_by` states a total and the parts it is made of under one name (`{cmd_name="LIST"}` next
 * to `{cmd_name="LIST",tagged_reply_state="OK"}`), so that a plain sum counts twice. A total is replaced by what its parts
 * leave over (events without the next label), under its own labels; where nothing is left over it is dropped.
 */
export function withoutTotals(rows: readonly ExposedRow[]): ExposedRow[] {
  const keyOf = (name: string, labels: readonly (readonly [string, string])[]): string =>
    JSON.stringify([name, ...labels.map(([label, value]) => [label, value]).sort()]);
  const partsByKey = new Map<string, number>();
  for (const { name, labels, value } of rows) {
    const pairs = Object.entries(labels);
    for (const [left] of pairs) {
      const key = keyOf(
        name,
        pairs.filter(([label]) => label !== left),
      );
      partsByKey.set(key, (partsByKey.get(key) ?? 0) + value);
    }
  }
  return rows.flatMap((row) => {
    const parts = partsByKey.get(keyOf(row.name, Object.entries(row.labels)));
    if (parts === undefined) return [row];
    const rest = row.value - parts;
    // Durations are fractions: what rounding leaves is not a remainder.
    return rest > 1e-6 ? [{ ...row, value: rest }] : [];
  });
}
