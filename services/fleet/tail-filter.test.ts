import { expect, test } from 'vitest';
import type { TailFilter, TailLine } from '../protocol/live.ts';
import { coverTailFilters, matchesTail } from './tail-filter.ts';

const lines: TailLine[] = ['mx1', 'mx2'].flatMap((node) =>
  (['delivery', 'reject'] as const).flatMap((kind) =>
    ['to=<a@Example.org>', 'from=<b>'].map((text) => ({ node, kind, text, time: 0 })),
  ),
);
const filters: TailFilter[] = [
  {},
  { text: 'EXAMPLE' },
  { text: 'from' },
  { node: 'mx1' },
  { node: 'mx2', text: 'from' },
  { kinds: ['delivery'] },
  { kinds: ['reject', 'delivery'], node: 'mx1' },
  { kinds: [] },
];

test('a filter alone is its own cover, and none needs none', () => {
  expect(coverTailFilters([])).toBeUndefined();
  for (const filter of filters) expect(coverTailFilters([filter])).toEqual(filter);
});

test('the cover lets through whatever one of its filters does', () => {
  for (const one of filters)
    for (const other of filters) {
      const cover = coverTailFilters([one, other]) ?? {};
      for (const line of lines) {
        if (matchesTail(one, line) || matchesTail(other, line)) expect(matchesTail(cover, line)).toBe(true);
      }
    }
});

test('text is found anywhere and in either case; node and kinds are exact', () => {
  const count = (filter: TailFilter) => lines.filter((line) => matchesTail(filter, line)).length;
  expect(filters.map(count)).toEqual([8, 4, 4, 4, 2, 4, 4, 0]);
});
