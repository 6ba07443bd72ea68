import { describe, expect, test } from 'vitest';
import { withParams } from './paths.ts';
import { fixRange, rangeParams, readRange, sinceOf } from './time-range.ts';

const now = Date.UTC(2026, 10, 22, 16);
const read = (text: string) => readRange(new URLSearchParams(text), '24h');

describe('a range in the URL', () => {
  test('moves with the clock when it is named', () => {
    expect(read('range=6h')).toEqual({ kind: 'last', key: '6h' });
    expect(sinceOf(read('range=6h'), now)).toBe(now - 6 * 3_600_000);
  });
  test('stands still between two moments', () => {
    const range = read('since=2026-11-22T10:00:00.000Z&until=2026-11-22T11:00:00.000Z&range=6h');
    expect(range).toEqual({ kind: 'between', since: now - 6 * 3_600_000, until: now - 5 * 3_600_000 });
  });
  test.each(['', 'range=9y', 'since=yesterday', 'range=toString'])('falls back when it says %j', (text) => {
    expect(read(text)).toEqual({ kind: 'last', key: '24h' });
  });
  test('survives the way through a link, fixed', () => {
    const fixed = fixRange({ kind: 'last', key: '1h' }, now);
    const link = withParams('/messages', rangeParams(fixed));
    expect(readRange(new URL(link, 'http://localhost').searchParams, '24h')).toEqual(fixed);
  });
});
