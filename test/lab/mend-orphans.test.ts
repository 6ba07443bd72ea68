import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { actionsConfigSchema } from '../../services/agent/actions/actions-config.ts';
import { createCommandIntake } from '../../services/agent/actions/command-intake.ts';
import { mendOrphans } from '../../services/agent/actions/mend-orphans.ts';
import { runScript } from '../../services/agent/actions/run-script.ts';
import type { Injectable } from '../../services/faults/fault.ts';
import { activeScript, faultsFolder, healScript, injectScript } from '../../services/faults/scripts.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { createLog } from '../../services/runtime/log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orphans-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const limitMs = 10_000;
/** The scripts' folder is the host's; here it is one of the test's own. */
const run = (script: string) => runScript(script.replaceAll(faultsFolder, folder), limitMs);
const options = { prelude: '', ttlSeconds: 60 };
const fault: Injectable = {
  ...{ id: 'noted', title: 'It is noted', target: 'mail', inject: 'true', steady: ['smtp'] },
  heal: 'true',
};

/** With its whole group, which it leads a moment after it was started. */
async function killTimer(): Promise<void> {
  const timer = Number.parseInt(readFileSync(join(folder, 'noted.timer'), 'utf8'), 10);
  await vi.waitFor(() => process.kill(-timer, 'SIGKILL'));
}

async function mend(): Promise<readonly string[]> {
  const mended: string[] = [];
  const events = { orphansMended: (ids: readonly string[]) => void mended.push(...ids), orphansUnknown: () => {} };
  await mendOrphans({ events, run });
  return mended;
}

test('a start of the agent mends what has lost its timer, and leaves the rest to its timer', async () => {
  expect(await mend()).toEqual([]);
  await run(injectScript(fault, options));
  expect(await mend()).toEqual([]);
  expect((await run(activeScript)).output).toBe('noted\n');

  await killTimer();
  await expect.poll(mend, { timeout: limitMs }).toEqual(['noted']);
  expect((await run(activeScript)).output).toBe('');
  await run(healScript('noted'));
});

test('an agent that may do nothing any more mends what it has broken while it might', async () => {
  await run(injectScript(fault, options));
  await killTimer();
  const active = async () => (await run(activeScript)).output;
  const start = async (): Promise<string> => {
    await createCommandIntake(
      actionsConfigSchema.parse({}),
      { node: 'mx1', dataDir: folder, readKey: undefined },
      { clock: systemClock, log: createLog({ process: 'test', level: 'fatal' }), registry: new Registry(), run },
    );
    return active();
  };
  await expect.poll(start, { timeout: limitMs }).toBe('');
});

test('a number that another process bears now is no timer: the fault is mended, and that process lives', async () => {
  const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  await once(stranger, 'spawn');
  const pid = stranger.pid ?? 0;
  const ended = once(stranger, 'exit');
  await run(injectScript(fault, options));
  await killTimer();
  writeFileSync(join(folder, 'noted.timer'), `${pid} 1\n`);
  expect(await mend()).toEqual(['noted']);
  // What a kill of the whole group would have ended first.
  process.kill(-pid, 'SIGUSR1');
  expect(await ended).toEqual([null, 'SIGUSR1']);
});

test('what a mender has left behind that was ended half-way is mended anew', async () => {
  const journal = join(folder, 'journal');
  const heal = `if test -e ${journal}; then echo healed >>${journal}; else echo begun >${journal}; kill -9 $PPID; fi`;
  for (const again of [async () => expect(await mend()).toEqual(['noted']), () => run(healScript('noted'))]) {
    rmSync(journal, { force: true });
    await run(injectScript({ ...fault, heal }, options));
    await run(healScript('noted'));
    expect((await run(activeScript)).output).toBe('noted\n');
    await again();
    expect(readFileSync(journal, 'utf8')).toBe('begun\nhealed\n');
    expect((await run(activeScript)).output).toBe('');
    expect(existsSync(join(folder, 'noted.timer'))).toBe(false);
  }
});

test('a mender that is at work is left to it', async () => {
  const go = join(folder, 'go');
  const heal = `echo healed >>${join(folder, 'journal')}; until test -e ${go}; do sleep 0.05; done`;
  await run(injectScript({ ...fault, heal }, options));
  const mending = run(healScript('noted'));
  await expect.poll(() => readdirSync(folder).join(' '), { timeout: limitMs }).toContain('noted.healing-');
  expect(await mend()).toEqual([]);
  writeFileSync(go, '');
  await mending;
  expect(readFileSync(join(folder, 'journal'), 'utf8')).toBe('healed\n');
  expect((await run(activeScript)).output).toBe('');
});

test('a fault that cannot be mended is told of, and not as mended', async () => {
  const told: string[] = [];
  const events = {
    orphansMended: () => void told.push('mended'),
    orphansUnknown: (output: string) => void told.push(output),
  };
  writeFileSync(join(folder, 'noted.heal'), 'true');
  await mendOrphans({ events, run });
  expect(told).toEqual(['noted is still on\n']);
});
