import { expect, test } from 'vitest';
import { readStoryQuery } from './story-query.ts';

const at = (text: string): number => Date.parse(text);

test.each([
  ['2026-11-22', '2026-11-22T00:00:00.000Z', '2026-11-22T23:59:59.999Z'],
  ['2026-11-22T10:05', '2026-11-22T10:05:00.000Z', '2026-11-22T10:05:59.999Z'],
  ['2026-11-22T10:05:07+01:00', '2026-11-22T09:05:07.000Z', '2026-11-22T09:05:07.999Z'],
])('%s means the span that it names', (q, since, until) => {
  expect(readStoryQuery({ q })).toEqual({ conditions: [], since: at(since), until: at(until) });
});

test('a time narrows the interval that is asked for, and is no key', () => {
  const search = readStoryQuery({ q: '2026-11-22 to:@example.org', since: at('2026-11-22T12:00:00Z') });
  expect(search.conditions).toHaveLength(1);
  expect(search.since).toBe(at('2026-11-22T12:00:00Z'));
  expect(search.until).toBe(at('2026-11-22T23:59:59.999Z'));
});

test.each(['2026-13-22', '2026-11-22T25:00'])('%s is told as no time', (q) => {
  expect(() => readStoryQuery({ q })).toThrow(/no date of the calendar/);
});
