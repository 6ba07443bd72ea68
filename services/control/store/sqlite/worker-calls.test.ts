import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createWorkerCalls } from './worker-calls.ts';

test('a fault that ends the worker is heard once, and fails the open call and every later one', async () => {
  const worker = new Worker(
    `require('node:worker_threads').parentPort.on('message', () => { throw new Error('torn page'); })`,
    {
      eval: true,
    },
  );
  const crashes: unknown[] = [];
  const calls = createWorkerCalls(worker, (error) => void crashes.push(error));
  await expect(calls.call('searchStories', [])).rejects.toMatchObject({ code: 'store-failed' });
  await calls.ended;
  await expect(calls.call('searchStories', [])).rejects.toThrow(/torn page/);
  expect(crashes).toHaveLength(1);
});
