import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mendOrphans } from '../../services/agent/actions/mend-orphans.ts';
import { runScript } from '../../services/agent/actions/run-script.ts';
import type { Injectable } from '../../services/faults/fault.ts';
import { activeScript, faultsFolder, healScript, injectScript } from '../../services/faults/scripts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orphans-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const limitMs = 10_000;
/** The scripts' folder is the host's; here it is one of the test's own. */
const run = (script: string) => runScript(script.replaceAll(faultsFolder, folder), limitMs);
const fault: Injectable = {
  ...{ id: 'noted', title: 'It is noted', target: 'mail', inject: 'true', steady: ['smtp'] },
  heal: 'true',
};

async function mend(): Promise<readonly string[]> {
  const mended: string[] = [];
  const events = { orphansMended: (ids: readonly string[]) => void mended.push(...ids), orphansUnknown: () => {} };
  await mendOrphans({ events, run });
  return mended;
}

test('a start of the agent mends what has lost its timer, and leaves the rest to its timer', async () => {
  expect(await mend()).toEqual([]);
  await run(injectScript(fault, { prelude: '', ttlSeconds: 60 }));
  expect(await mend()).toEqual([]);
  expect((await run(activeScript)).output).toBe('noted\n');

  const timer = Number(readFileSync(join(folder, 'noted.timer'), 'utf8'));
  process.kill(-timer, 'SIGKILL');
  await expect.poll(mend, { timeout: limitMs }).toEqual(['noted']);
  expect((await run(activeScript)).output).toBe('');
  await run(healScript('noted'));
});
