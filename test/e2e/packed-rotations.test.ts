// Rotations that are compressed while the agent or control is away: read on from where they stood, nothing doubled.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompletenessWire } from '../../services/protocol/wire.ts';
import { createMailWriter } from './mail-writer.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

let folder = '';
let log = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-packed-'));
  mkdirSync(join(folder, 'log'));
  log = join(folder, 'log', 'mail.log');
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const startAgent = (control: RealProcess) =>
  startProcess('agent', [
    ...['--node', 'mx1', '--control', control.url, '--file', log],
    ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
  ]);
async function readLines(
  control: RealProcess,
): Promise<{ lines: number; gaps: number; unparsed: number; sources: number }> {
  const { sources } = (await (await fetch(`${control.url}/api/v1/completeness`)).json()) as CompletenessWire;
  const sum = (of: (source: (typeof sources)[number]) => number) =>
    sources.reduce((all, source) => all + of(source), 0);
  return {
    ...{ lines: sum(({ lines }) => lines), gaps: sum(({ gapBytes }) => gapBytes) },
    ...{ unparsed: sum(({ unparsedLines }) => unparsedLines), sources: sources.length },
  };
}

test('gzip, zstd and xz, while the agent was away', async () => {
  const control = await startControl();
  const mail = createMailWriter(log, Date.now() - 3_600_000);
  mail.write();
  let agent = await startAgent(control);
  const seen = () => expect.poll(() => readLines(control), { timeout: 30_000, interval: 100 });
  const whole = () => ({ lines: mail.messages.length * 5, gaps: 0, unparsed: 0 });
  await seen().toMatchObject(whole());
  const commands = [['gzip'], ['zstd', '--rm', '--quiet'], ['xz']] as const;
  for (const [command, ...args] of commands) {
    for (let no = 0; no < 10; no++) mail.write();
    await seen().toMatchObject(whole());
    expect(await agent.end('SIGKILL')).toBe(null);
    // Half of the file is with control already; the other half is written, turned over and compressed before anybody looks.
    for (let no = 0; no < 10; no++) mail.write();
    mail.rotateByRename();
    execFileSync(command, [...args, `${log}.1`]);
    expect(existsSync(`${log}.1`)).toBe(false);
    mail.write();
    mail.rotateByRename();
    mail.write();
    agent = await startAgent(control);
    await seen().toMatchObject(whole());
  }
  await agent.end('SIGTERM');
  agent = await startAgent(control);
  mail.write();
  await seen().toEqual({ ...whole(), sources: 7 });
  const metrics = await (await fetch(`${agent.url}/metrics`)).text();
  expect(metrics).toContain('mailward_agent_lines_total 5\n');
  expect(metrics).toContain('mailward_agent_file_faults_total 0\n');
});
const startControl = () => startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
