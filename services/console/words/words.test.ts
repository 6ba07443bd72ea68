import { describe, expect, test } from 'vitest';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Everything a dictionary says without being asked for arguments, by its path. */
function saidBy(value: unknown, path = ''): Array<readonly [string, string]> {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => saidBy(inner, `${path}.${name}`));
}

describe.each([
  ['English', en],
  ['Chinese', zh],
])('%s', (_, words) => {
  test('leaves nothing empty and raises its voice nowhere', () => {
    for (const [path, text] of saidBy(words)) {
      expect(text.trim(), path).not.toBe('');
      expect(text, path).not.toMatch(/[!！]/);
    }
  });
});

test('the Chinese words are written, not left over: what equals the English is a name or an example', () => {
  const english = new Map(saidBy(en));
  const same = saidBy(zh).filter(([path, text]) => english.get(path) === text && !path.includes('.help.'));
  expect(same).toEqual([]);
});

test('both know the same sentences of state', () => {
  expect(Object.keys(zh.overview.sentences)).toEqual(Object.keys(en.overview.sentences));
});
