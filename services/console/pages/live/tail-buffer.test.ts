import { describe, expect, test } from 'vitest';
import type { TailLineWire } from '../../../protocol/wire.ts';
import { emptyTail, type Tail, tailLinesMax, takeChunk } from './tail-buffer.ts';
import { kindsOf, readGroups, tailGroups } from './tail-groups.ts';

const line = (text: string): TailLineWire => ({
  ...{ node: 'mx1', time: '2026-11-22T16:00:00.000Z', kind: 'info', text },
});

describe('the tail', () => {
  test('keeps the newest lines up to its bound, numbered on', () => {
    let tail: Tail = emptyTail;
    for (let chunk = 0; chunk < 30; chunk += 1)
      tail = takeChunk(tail, {
        lines: Array.from({ length: 100 }, (_, at) => line(`${chunk * 100 + at}`)),
        skipped: 1,
      });
    expect(tail.lines).toHaveLength(tailLinesMax);
    expect(tail.lines[0]).toMatchObject({ text: '1000', number: 1000 });
    expect(tail.lines.at(-1)).toMatchObject({ text: '2999', number: 2999 });
    expect(tail).toMatchObject({ taken: 3000, skipped: 30 });
  });
});

describe('groups of kinds', () => {
  test('together they hold every kind once', () => {
    const each = tailGroups.flatMap((group) => kindsOf([group]));
    expect(new Set(each).size).toBe(each.length);
    expect(each.toSorted()).toEqual(kindsOf(tailGroups).toSorted());
  });
  test('what the URL says wrong is left out', () => {
    expect(readGroups('faults,nonsense,messages,faults')).toEqual(['messages', 'faults']);
    expect(readGroups(null)).toEqual([]);
  });
});
