import { expect, test } from 'vitest';
import type { ToldEntry } from '../protocol/failover.ts';
import { movesOf } from './failover-moves.ts';

const numbers = new Map<string, number>();
function told(node: string, time: number, role: string, epoch: number, sentence: string, startedAt = 0): ToldEntry {
  const number = (numbers.get(`${node} ${startedAt}`) ?? 0) + 1;
  numbers.set(`${node} ${startedAt}`, number);
  return { node, startedAt, number, time, region: 'role', event: 'x', sentence, role, vote: 'voting', epoch };
}

test('a handed-over address: why, how long nobody owned, how long it was held; in any order', () => {
  const entries = [
    told('mx1', 1000, 'holding', 5, 'Won.'),
    told('mx1', 9000, 'resigning', 0, 'Told to hand over.'),
    told('mx1', 9004, 'out', 0, 'Closed.'),
    told('mx2', 9340, 'holding', 6, 'Won too.'),
  ];
  const expected = [
    {
      ...{ epoch: 6, to: 'mx2', at: 9340, from: 'mx1', fromEndedAt: 9004, why: 'Told to hand over.', how: 'Won too.' },
      ...{ gapMs: 336, heldMs: null },
    },
    {
      ...{ epoch: 5, to: 'mx1', at: 1000, from: null, fromEndedAt: null, why: null, how: 'Won.', gapMs: null },
      heldMs: 8004,
    },
  ];
  expect(movesOf(entries)).toEqual(expected);
  expect(movesOf([...entries].reverse())).toEqual(expected);
});

test('an owner that never told its end held until the next one at most, and the gap is not known', () => {
  const entries = [told('a', 0, 'holding', 1, 'Won.'), told('b', 700, 'holding', 2, 'Won.')];
  expect(movesOf(entries)).toMatchObject([
    { to: 'b', from: 'a', why: null, gapMs: null, heldMs: null },
    { to: 'a', heldMs: 700 },
  ]);
});

test('an older page does not say that its newest owner holds to this day', () => {
  const entries = [told('f', 0, 'holding', 1, 'Won.')];
  expect(movesOf(entries, 700)).toMatchObject([{ to: 'f', heldMs: 700 }]);
  expect(movesOf(entries)).toMatchObject([{ to: 'f', heldMs: null }]);
});

test('who keeps the addresses without a majority goes on serving, until it gives them up', () => {
  const alone = [
    told('g', 0, 'holding', 4, 'Won.'),
    told('g', 500, 'unconfirmed', 0, 'No majority: the address stays.'),
    told('g', 600, 'polling', 0, 'Asks.'),
    told('g', 700, 'unconfirmed', 0, 'Nobody answers.'),
    told('g', 800, 'polling', 0, 'Asks.'),
  ];
  expect(movesOf(alone)).toMatchObject([{ epoch: 4, heldMs: null }]);
  const given = [...alone, told('g', 900, 'out', 0, 'Another holds.'), told('h', 1000, 'holding', 5, 'Won.')];
  expect(movesOf(given)).toMatchObject([
    { epoch: 5, gapMs: 100, fromEndedAt: 900, why: 'No majority: the address stays.' },
    { epoch: 4, heldMs: 900 },
  ]);
  const confirmed = [...alone, told('g', 950, 'preparing', 0, 'Asks.'), told('g', 990, 'holding', 6, 'Won again.')];
  expect(movesOf(confirmed)).toMatchObject([
    { epoch: 6, gapMs: 0 },
    { epoch: 4, heldMs: 990 },
  ]);
});

test('a process that comes back within its lease goes on with its tenure', () => {
  const entries = [
    told('c', 0, 'holding', 3, 'Won.'),
    told('c', 50, 'starting', 0, 'Starting.', 40),
    told('c', 60, 'holding', 3, 'Came back.', 40),
    told('c', 900, 'out', 0, 'The deadline has passed.', 40),
  ];
  expect(movesOf(entries)).toMatchObject([{ epoch: 3, at: 0, heldMs: 900 }]);
});

test('clocks of two nodes that disagree make no gap below zero', () => {
  const entries = [
    told('d', 0, 'holding', 8, 'Won.'),
    told('d', 500, 'out', 0, 'Over.'),
    told('e', 480, 'holding', 9, 'Won.'),
  ];
  expect(movesOf(entries)[0]?.gapMs).toBe(0);
});
