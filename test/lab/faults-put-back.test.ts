// The operator's own files are as they were after a fault that writes in their place, and are not there when they were not.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { milterFaults } from '../../services/faults/families/milter.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-faults-'));
  mkdirSync(join(folder, 'local.d'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** In `folder` instead of /etc/rspamd, and with no process touched. */
function run(text: string): void {
  const still = 'pkill() { :; }; pgrep() { return 1; }; setsid() { :; }; service_start() { :; }; delay_seconds=1;\n';
  const { status } = spawnSync('sh', ['-c', still + text.replaceAll('/etc/rspamd', folder)], { timeout: 5000 });
  expect(status).toBe(0);
}

test.each([
  ['rspamd-slow', ['rspamd.local.lua', 'local.d/options.inc']],
  ['rspamd-tempfails', ['local.d/force_actions.conf']],
] as const)('%s leaves every file as it found it, also when it is mended twice', (id, files) => {
  const fault = milterFaults.find((candidate) => candidate.id === id);
  if (fault === undefined) throw new Error(`no fault ${id}`);
  for (const file of files) writeFileSync(join(folder, file), 'as the operator wrote it\n');
  run(fault.inject);
  for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).toContain('FAULT_');
  for (let times = 0; times < 2; times++) {
    run(fault.heal);
    for (const file of files) {
      expect(readFileSync(join(folder, file), 'utf8')).toBe('as the operator wrote it\n');
      expect(existsSync(join(folder, `${file}.kept`))).toBe(false);
    }
  }
  for (const file of files) rmSync(join(folder, file));
  run(fault.inject);
  run(fault.heal);
  for (const file of files) expect(existsSync(join(folder, file))).toBe(false);
});
