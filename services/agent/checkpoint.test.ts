import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Checkpoint, createCheckpointSaver, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const checkpoint = (offset: number): Checkpoint => ({
  ...{ version: 1, node: 'mx1', lookedMs: 5 },
  sources: [{ sourceId: 'a', path: '/log', offset, sequence: 3 }],
});
const unexpected = (error: unknown) => {
  throw error;
};

test('what is saved is read again, and nothing else is left behind', async () => {
  expect(await loadCheckpoint(folder, 'mx1', unexpected)).toBeUndefined();
  await saveCheckpoint(join(folder, 'new'), checkpoint(1));
  await saveCheckpoint(join(folder, 'new'), checkpoint(2));
  expect(await loadCheckpoint(join(folder, 'new'), 'mx1', unexpected)).toEqual(checkpoint(2));
  expect(readdirSync(join(folder, 'new'))).toEqual(['checkpoint.json']);
});

test.each(['', '{', '{"version":2}', '[]'])('a checkpoint that reads %j is told of and not used', async (text) => {
  writeFileSync(join(folder, 'checkpoint.json'), text);
  const faults: unknown[] = [];
  expect(await loadCheckpoint(folder, 'mx1', (error) => faults.push(error))).toBeUndefined();
  expect(faults).toHaveLength(1);
});

test('the checkpoint of another node is not ours', async () => {
  await saveCheckpoint(folder, checkpoint(1));
  expect(await loadCheckpoint(folder, 'mx2', unexpected)).toBeUndefined();
});

test('many acknowledgements make one write, of the last state', async () => {
  const tasks: (() => void)[] = [];
  let offset = 0;
  let reads = 0;
  const saver = createCheckpointSaver(folder, {
    read: () => {
      reads++;
      return checkpoint(offset);
    },
    after: (_delayMs, task) => {
      tasks.push(task);
      return () => {};
    },
    onFault: unexpected,
  });
  for (offset = 1; offset < 10; offset++) saver.touch();
  expect([tasks.length, reads]).toEqual([1, 0]);
  tasks[0]?.();
  saver.touch();
  await saver.saveNow();
  expect([tasks.length, reads]).toEqual([2, 2]);
  expect((await loadCheckpoint(folder, 'mx1', unexpected))?.sources[0]?.offset).toBe(10);
});
