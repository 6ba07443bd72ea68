// The table of retention and what was removed, for a person.
import type { Removal, RetentionAnswer } from '../protocol/retention.ts';
import { renderTable, type Style, terminalSafe } from './terminal.ts';

/** Removals that are shown; JSON has more of them. */
const removalsShown = 20;

export function renderRetention(answer: RetentionAnswer, style: Style, widthMax: number): string {
  const { table, at, bytesMax, storeBytes, seriesBytes, stateBytes, warnings, removals } = answer;
  const rules = renderTable(
    [
      { title: 'class' },
      { title: 'days', align: 'right' },
      { title: 'may be', align: 'right' },
      { title: 'what it holds' },
    ],
    table.map((rule) => [rule.class, String(rule.keptDays), `${rule.daysMin}–${rule.daysMax}`, rule.holds]),
    widthMax,
  );
  const bound = bytesMax === undefined ? 'without a bound' : `of at most ${describeBytes(bytesMax)}`;
  const sizes = `Lines and stories take ${describeBytes(storeBytes)} ${bound}, samples ${describeBytes(seriesBytes)}, state ${describeBytes(stateBytes)}. What is too old is removed at ${terminalSafe(at)} (cron).`;
  return [
    rules,
    sizes,
    ...warnings.map((warning) => style.alarm(terminalSafe(warning))),
    removals.length === 0 ? 'Nothing has been removed yet.' : renderRemovals(removals, style, widthMax),
  ].join('\n\n');
}

function renderRemovals(removals: readonly Removal[], style: Style, widthMax: number): string {
  const shown = removals.slice(0, removalsShown);
  const table = renderTable(
    [
      ...[{ title: 'removed at' }, { title: 'class' }, { title: 'because of' }],
      ...[{ title: 'rows', align: 'right' } as const, { title: 'bytes', align: 'right' } as const],
      ...[{ title: 'from' }, { title: 'to' }],
    ],
    shown.map(({ at, class: name, why, rows, bytes, since, until }) => [
      ...[describeTime(at), name, why === 'age' ? 'its age' : 'the disk'],
      ...[String(rows), describeBytes(bytes), describeTime(since), describeTime(until)],
    ]),
    widthMax,
  );
  const more = removals.length > shown.length ? `\n${removals.length - shown.length} more; --json lists them.` : '';
  return `${style.strong('Removed')}\n${table}${more}`;
}

const describeTime = (time: number): string => new Date(time).toISOString().replace('T', ' ').slice(0, 19);

function describeBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let at = 0;
  for (; value >= 1024 && at + 1 < units.length; at += 1) value /= 1024;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
