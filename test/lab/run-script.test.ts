import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { runScript } from '../../services/agent/actions/run-script.ts';

// How an agent runs an action's text: within bounds, and without taking along what must outlive it.

const isOver = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '';
  } catch {
    return true;
  }
};

test('a script is ended at its limit, and its output is bounded', async () => {
  const endless = await runScript('while :; do echo 0123456789012345678901234567890123456789; done', 300);
  expect(endless).toMatchObject({ timedOut: true, status: 128 });
  expect(endless.output.length).toBe(8192);
});

test('what it started ends with it', async () => {
  const { output } = await runScript('sleep 30 & echo $!; wait', 200);
  await vi.waitFor(() => expect(isOver(Number(output))).toBe(true));
});

test('a session of its own outlives it, and does not hold up its end', async () => {
  const { status, timedOut, output } = await runScript('setsid sleep 30 & echo $!; exit 3', 10_000);
  expect({ status, timedOut }).toEqual({ status: 3, timedOut: false });
  expect(isOver(Number(output))).toBe(false);
  process.kill(Number(output), 'SIGKILL');
});
