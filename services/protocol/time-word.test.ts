import { expect, test } from 'vitest';
import { localTimeWord } from './time-word.ts';

test('a time without a zone is that of this machine; other words stay', () => {
  const zoned = localTimeWord('2026-11-22T10:00');
  expect(zoned).toMatch(/^2026-11-22T10:00[+-]\d\d:\d\d$/);
  expect(Date.parse(zoned)).toBe(new Date(2026, 10, 22, 10).getTime());
  for (const word of ['4XyZ1a0Bcd', '2026-11-22T10:00Z', 'from:a@example.org', '2026-13-40'])
    expect(localTimeWord(word)).toBe(word);
});
