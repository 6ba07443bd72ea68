import { expect, test } from 'vitest';
import { refusalOfKeys } from './change-keys.ts';

const key = (id: number, text = `secret of key ${id}`) => ({ id, secret: Buffer.from(text) });
const voter = (number: number, ...keyIds: number[]) => ({ node: `mx${number}`, number, keyIds });

test('a key more may come at any time, whoever knows it', () => {
  expect(refusalOfKeys([key(1)], [key(2), key(1)], [voter(2, 1), voter(3)])).toBeUndefined();
});

test('the old key goes when every other voter has said that it accepts the new one', () => {
  const both = [key(2), key(1)];
  expect(refusalOfKeys(both, [key(2)], [voter(2, 2, 1), voter(3, 2)])).toBeUndefined();
  expect(refusalOfKeys(both, [key(2)], [voter(2, 2, 1), voter(3, 1)])).toBe(
    'Refused: mx3 has not said to accept key 2, and would not be heard without key 1: give it the new key first.',
  );
  expect(refusalOfKeys(both, [key(2)], [voter(2), voter(3, 1)])).toMatch(/^Refused: mx2 and mx3 have not said/);
});

test('a key is not replaced under its id', () => {
  expect(refusalOfKeys([key(1)], [key(1, 'another secret')], [])).toBe(
    'Refused: key 1 has another secret than before; a new key has a new id.',
  );
});
