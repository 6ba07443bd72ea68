import { expect, test } from 'vitest';
import { layOwnerLanes } from './owner-lanes.ts';

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const move = (epoch: number, to: string, at: number, heldMs: number | null) => ({
  ...{ epoch, to, at: iso(at), from: null, fromEndedAt: null, why: null, how: '', gapMs: null, heldMs },
});

test('bars stand one after the other, the last one open to the present', () => {
  const moves = [move(2, 'mx2', 60, null), move(1, 'mx1', 0, 59_000)];
  expect(layOwnerLanes(moves, ['mx1', 'mx2'], { now: 100_000, width: 1000 })).toEqual({
    ...{ since: 0, lanes: ['mx1', 'mx2'] },
    bars: [
      { epoch: 2, lane: 1, x: 600, width: 400, isOpen: true },
      { epoch: 1, lane: 0, x: 0, width: 590, isOpen: false },
    ],
  });
});

test('a tenure of a moment is seen, one that begins now stays inside, and who is no member any more has a lane', () => {
  const { lanes, bars } = layOwnerLanes([move(2, 'mx2', 100, null), move(1, 'gone', 0, 1)], ['mx2'], {
    now: 100_000,
    width: 1000,
  });
  expect(lanes).toEqual(['mx2', 'gone']);
  expect(bars).toMatchObject([
    { x: 997, width: 3 },
    { x: 0, width: 3 },
  ]);
});

test('without moves there is nothing to draw', () => {
  expect(layOwnerLanes([], ['mx1'], { now: 5, width: 10 })).toEqual({ since: 5, lanes: ['mx1'], bars: [] });
});
