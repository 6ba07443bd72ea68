import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Fault } from '../../services/faults/fault.ts';
import { activeScript, faultsFolder, healScript, injectScript } from '../../services/faults/scripts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faults-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const journal = (): string => readFileSync(join(folder, 'journal'), 'utf8');
/** The scripts' folder is the host's; here it is one of the test's own. */
const here = (script: string): string => script.replaceAll(faultsFolder, join(folder, 'state'));
const run = (script: string): string => execFileSync('sh', { input: here(script), encoding: 'utf8' });

function fault(inject: string): Fault {
  return {
    ...{ id: 'noted', family: 'process', title: 'It is noted', target: 'mail', lookalikes: [], failureModes: [] },
    inject: inject.replaceAll('JOURNAL', join(folder, 'journal')),
    heal: `service_start healed >>${join(folder, 'journal')}`,
    bites: { check: 'smtp' },
  };
}
const options = { prelude: 'service_start() { echo "$1"; }', ttlSeconds: 60 };

test('a fault is on until it is healed, and is healed once', () => {
  run(injectScript(fault('echo broken >>JOURNAL'), options));
  expect(run(activeScript)).toBe('noted\n');
  run(healScript('noted'));
  run(healScript('noted'));
  expect(journal()).toBe('broken\nhealed\n');
  expect(run(activeScript)).toBe('');
});

test('the host heals itself when its time is over and nobody asks', async () => {
  run(injectScript(fault('echo broken >>JOURNAL'), { ...options, ttlSeconds: 1 }));
  await vi.waitFor(() => expect(journal()).toBe('broken\nhealed\n'), { timeout: 5000 });
  await vi.waitFor(() => expect(run(activeScript)).toBe(''));
});

test('mending is armed before anything is broken: an injection that dies half-way is healed too', () => {
  spawnSync('sh', { input: here(injectScript(fault('echo broken >>JOURNAL; kill -9 $$'), options)) });
  expect(run(activeScript)).toBe('noted\n');
  run(healScript('noted'));
  expect(journal()).toBe('broken\nhealed\n');
});

test.each(['state/mend.new/x', 'state/noted.new/x', 'state/noted.timer/x', 'state/noted.heal/noted.new/x'])(
  'where mending cannot be armed, nothing is broken and no timer is left: %s is in the way',
  async (inTheWay) => {
    mkdirSync(join(folder, inTheWay), { recursive: true });
    const script = here(injectScript(fault('echo broken >>JOURNAL'), options));
    expect(spawnSync('sh', { input: script }).status).toBe(1);
    expect(existsSync(join(folder, 'journal'))).toBe(false);
    await vi.waitFor(() => expect(spawnSync('pgrep', ['-f', folder]).status, 'nothing found').toBe(1));
  },
);

test('where there can be no folder for the mending, nothing is broken', () => {
  writeFileSync(join(folder, 'state'), '');
  const script = here(injectScript(fault('echo broken >>JOURNAL'), options));
  expect(spawnSync('sh', { input: script }).status).toBe(1);
  expect(existsSync(join(folder, 'journal'))).toBe(false);
});

test('where no log of the mending can be written, it is mended all the same', () => {
  run(injectScript(fault('echo broken >>JOURNAL'), options));
  mkdirSync(join(folder, 'state', 'noted.log'));
  run(healScript('noted'));
  expect(journal()).toBe('broken\nhealed\n');
});

test('injecting again mends first and leaves one timer', () => {
  for (const _ of [1, 2]) run(injectScript(fault('echo broken >>JOURNAL'), options));
  run(healScript('noted'));
  expect(journal()).toBe('broken\nhealed\nbroken\nhealed\n');
});

test('a parameter is what the fault says unless told otherwise, when it breaks and when it mends', () => {
  const withParameter: Fault = {
    ...fault('echo "broken $percent" >>JOURNAL'),
    parameters: { percent: '80' },
    heal: `echo "healed $percent" >>${join(folder, 'journal')}`,
  };
  run(injectScript(withParameter, options));
  run(injectScript(withParameter, { ...options, values: { percent: '30' } }));
  run(healScript('noted'));
  expect(journal()).toBe('broken 80\nhealed 80\nbroken 30\nhealed 30\n');
});

test('a value that no parameter has, or that is more than a value to a shell, breaks nothing', () => {
  const withParameter: Fault = { ...fault('echo broken >>JOURNAL'), parameters: { percent: '80' } };
  const inject = (values: Record<string, string>) => injectScript(withParameter, { ...options, values });
  expect(() => inject({ share: '3' })).toThrow('share of noted is no parameter; it has percent');
  expect(() => inject({ percent: "3'; reboot; '" })).toThrow('percent of noted may hold');
  expect(() => inject({ percent: 'x'.repeat(65) })).toThrow('percent of noted may hold');
});
