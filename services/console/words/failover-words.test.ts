import { describe, expect, test } from 'vitest';
import { leaseRows } from '../../failover/lease/table.ts';
import { failoverWords } from './failover-words.ts';
import { hasLeaseSentenceZh, leaseSentenceZh } from './lease-sentences-zh.ts';

function saidBy(value: unknown, path = ''): Array<readonly [string, string]> {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => saidBy(inner, `${path}.${name}`));
}

describe.each(Object.entries(failoverWords))('%s', (_, words) => {
  test('leaves nothing empty and raises its voice nowhere', () => {
    for (const [path, text] of saidBy(words)) {
      expect(text.trim(), path).not.toBe('');
      expect(text, path).not.toMatch(/[!！]/);
    }
  });
});

test('the Chinese words are written, not left over', () => {
  const english = new Map(saidBy(failoverWords.en));
  const same = saidBy(failoverWords.zh).filter(([path, text]) => english.get(path) === text);
  expect(same.filter(([path]) => !path.startsWith('.noneSteps.'))).toEqual([]);
});

test('every sentence of the machine that a page may show is written in Chinese', () => {
  const shown = leaseRows.filter((row) => row.region !== 'guard' || row.to === 'closing');
  const missing = shown.map((row) => row.sentence).filter((sentence) => !hasLeaseSentenceZh(sentence));
  expect([...new Set(missing)]).toEqual([]);
});

test('sentences with a name in them are written with it; others are shown as they came', () => {
  expect(leaseSentenceZh('mx2 owns the addresses, under epoch 7.')).toBe('地址由 mx2 持有，纪元 7。');
  expect(leaseSentenceZh('postfix says something new.')).toBe('postfix says something new.');
});
