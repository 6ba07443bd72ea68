import { expect, test } from 'vitest';
import { renderUnparsedSummary } from './render-unparsed.ts';

test('an answer that was cut is not told as if it were all', () => {
  expect(renderUnparsedSummary({ lines: 2, cut: false }, 12)).toBe('2 of 12 lines are not understood.');
  expect(renderUnparsedSummary({ lines: 2, cut: true }, 12)).toMatch(/^At least 2 of 12 .* shorter time/);
});
