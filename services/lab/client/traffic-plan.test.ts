import { expect, test } from 'vitest';
import { actionsMax, planTraffic, type TrafficTask, trafficKinds } from './traffic-plan.ts';

const task: TrafficTask = {
  ...{
    run: 'r',
    domain: 'lab.test',
    seed: 7,
    ratePerSecond: 50,
    seconds: 60,
    profile: 'flat',
    relays: ['mx1'],
    idle: 0,
  },
  users: [{ address: 'u1@lab.test', holders: ['mx1'] }],
};

test('the same seed gives the same run, another seed another one', () => {
  expect(planTraffic(task)).toEqual(planTraffic(task));
  expect(planTraffic({ ...task, seed: 8 })).not.toEqual(planTraffic(task));
});

test('a run holds rate × seconds actions, in order, of every kind', () => {
  const actions = planTraffic(task);
  expect(actions).toHaveLength(3000);
  expect(actions.map(({ afterMs }) => afterMs)).toEqual(
    actions.map(({ afterMs }) => afterMs).toSorted((a, b) => a - b),
  );
  expect(new Set(actions.map(({ kind }) => kind))).toEqual(new Set(trafficKinds));
  expect(actions.at(-1)?.afterMs).toBeLessThanOrEqual(60_000);
});

test('a day has its quiet hours and its peak', () => {
  const perHour = (hour: number) =>
    planTraffic({ ...task, profile: 'day', seconds: 240 }).filter(
      ({ afterMs }) => Math.floor(afterMs / 10_000) === hour,
    ).length;
  expect(perHour(10)).toBeGreaterThan(5 * perHour(3));
});

test('a run never has more actions than its bound', () => {
  expect(planTraffic({ ...task, ratePerSecond: 200, seconds: 3600 })).toHaveLength(actionsMax);
});
