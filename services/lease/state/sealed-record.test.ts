import { expect, test } from 'vitest';
import { z } from 'zod';
import { openRecord, sealRecord } from './sealed-record.ts';

const schema = z.object({ ceiling: z.number() });
const owner = { incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', voter: 2 };
const text = sealRecord(owner, { ceiling: 7 });

test('what was written is read', () => {
  expect(openRecord(schema, owner, text)).toEqual({ kind: 'whole', value: { ceiling: 7 } });
});

test('torn at any byte, or with any byte changed, it is never taken for whole', () => {
  for (let length = 0; length < text.length - 1; length++)
    expect(openRecord(schema, owner, text.slice(0, length)).kind, `cut at ${length}`).toBe('torn');
  for (let at = 0; at < text.length - 1; at++) {
    const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
    expect(openRecord(schema, owner, changed).kind, `changed at ${at}`).toBe('torn');
  }
});

test('of another voter or incarnation, it is foreign', () => {
  expect(openRecord(schema, { ...owner, voter: 3 }, text)).toEqual({ kind: 'foreign', owner });
  expect(openRecord(schema, { ...owner, incarnation: 'other' }, text).kind).toBe('foreign');
});
