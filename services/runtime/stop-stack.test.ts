import { expect, test } from 'vitest';
import { createStopStack } from './stop-stack.ts';

test('stops in reverse order, once, and goes on after a failure', async () => {
  const order: string[] = [];
  const stack = createStopStack({ deadlineMs: 1000 });
  stack.add('first', () => void order.push('first'));
  stack.add('second', () => {
    throw new Error('stuck');
  });
  stack.add('third', async () => void order.push('third'));
  const removed = stack.add('gone', () => void order.push('gone'));
  removed();
  const [report, again] = await Promise.all([stack.stop(), stack.stop()]);
  expect(order).toEqual(['third', 'first']);
  expect(report.failed.map((entry) => entry.name)).toEqual(['second']);
  expect(again).toBe(report);
});

test('a stop that never ends is named after the deadline and does not hold the others', async () => {
  const order: string[] = [];
  const stack = createStopStack({ deadlineMs: 20 });
  stack.add('outer', () => void order.push('outer'));
  stack.add('hangs', () => new Promise(() => {}));
  const report = await stack.stop();
  expect(report.failed.map((entry) => entry.name)).toEqual(['hangs']);
  expect(order).toEqual(['outer']);
});

test('what a start that was interrupted adds late is stopped too', async () => {
  const order: string[] = [];
  const stack = createStopStack({ deadlineMs: 1000 });
  stack.add('first', () => {
    stack.add('while it stops', () => void order.push('while it stops'));
  });
  await stack.stop();
  stack.add('after it stopped', () => void order.push('after it stopped'));
  expect(order).toEqual(['while it stops', 'after it stopped']);
});
