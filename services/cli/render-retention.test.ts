import { expect, test } from 'vitest';
import type { RetentionAnswer } from '../protocol/retention.ts';
import { renderRetention } from './render-retention.ts';
import { terminalStyle } from './terminal.ts';

const plain = terminalStyle({}, {});
const at = Date.parse('2026-11-22T03:17:00Z');
const answer: RetentionAnswer = {
  table: [
    { class: 'lines', holds: 'Raw lines.', keptDays: 184, daysMin: 184, daysMax: 3650, reason: 'Six months at least.' },
    { class: 'stories', holds: 'Stories.', keptDays: 90, daysMin: 1, daysMax: 180, reason: 'At most 180 days.' },
  ],
  ...{ at: '17 3 * * *', storeBytes: 3_221_225_472, seriesBytes: 512, stateBytes: 64, warnings: [], removals: [] },
};

test('shows the table with what the law allows, and the sizes', () => {
  expect(renderRetention(answer, plain, 120)).toBe(`class    days    may be  what it holds
lines     184  184–3650  Raw lines.
stories    90     1–180  Stories.

Lines and stories take 3.0 GiB without a bound, samples 512 B, state 64 B. What is too old is removed at 17 3 * * * (cron).

Nothing has been removed yet.`);
});

test('shows what was removed and why, and warnings before it', () => {
  const removals = Array.from({ length: 22 }, (_, no) => ({
    ...{ class: 'lines' as const, why: no === 0 ? ('size' as const) : ('age' as const), rows: 7, bytes: 2048, at },
    ...{ since: at - 200 * 86_400_000, until: at - 184 * 86_400_000 },
  }));
  const text = renderRetention({ ...answer, bytesMax: 2 ** 30, warnings: ['Too\u001b small.'], removals }, plain, 120);
  expect(text).toContain('of at most 1.0 GiB');
  expect(text).toContain('Too\\x1b small.');
  expect(text).toContain(
    '2026-11-22 03:17:00  lines  the disk       7  2.0 KiB  2026-05-06 03:17:00  2026-05-22 03:17:00',
  );
  expect(text).toContain('lines  its age ');
  expect(text.endsWith('2 more; --json lists them.')).toBe(true);
});
