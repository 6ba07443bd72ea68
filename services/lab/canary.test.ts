import { expect, test } from 'vitest';
import { planCanaries, reportCanaries } from './canary.ts';
import { readTopology } from './topology.ts';

const plan = await readTopology('default');

test('canaries go through every host and port, to every domain and to the world', () => {
  const { canaries } = planCanaries(plan, 'r', 30);
  expect(new Set(canaries.map(({ host }) => host)).size).toBe(3);
  expect(new Set(canaries.map(({ port }) => port))).toEqual(new Set([25, 465, 587]));
  expect(new Set(canaries.map(({ to }) => to.split('@')[1]))).toEqual(
    new Set(['lab.test', 'solo.test', 'accept.test']),
  );
  expect(canaries.filter(({ port, user }) => port !== 25 && user === undefined)).toEqual([]);
});

test('each has one fate: delivered on every holder, refused, missing on one, or there twice', () => {
  const task = planCanaries(plan, 'r', 5);
  const finding = (number: number, accepted: boolean, copies: Record<string, number>) => ({
    ...{ number, messageId: `<${number}>`, accepted, code: accepted ? 250 : 451, reply: '', copies },
  });
  const findings = [
    finding(1, true, { mx1: 1, mx2: 1 }),
    finding(2, false, {}),
    finding(3, true, { mx1: 1, mx2: 0 }),
    finding(4, true, { mx1: 2, mx2: 1 }),
    finding(5, true, {}),
  ];
  const fates = (sinks: ReadonlyMap<string, number>) =>
    reportCanaries(task, findings, sinks).canaries.map(({ fate }) => fate);
  expect(fates(new Map([['<5>', 1]]))).toEqual(['delivered', 'refused', 'missing', 'duplicated', 'delivered']);
  expect(fates(new Map()).at(-1)).toBe('missing');
});
