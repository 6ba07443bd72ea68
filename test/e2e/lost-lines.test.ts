// Lines that were removed before anybody read them: completeness says how much is missing, and says complete where nothing is.
import { appendFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompletenessWire } from '../../services/protocol/wire.ts';
import { endAll, startProcess } from './real-process.ts';

const inTime = { timeout: 30_000, interval: 100 };
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-lost-'));
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const stamp = new Date().toISOString();
const linesOf = (name: string, count: number): string =>
  Array.from(
    { length: count },
    (_, no) => `${stamp} mx1 postfix/smtpd[9]: connect from ${name}${no}[192.0.2.1]\n`,
  ).join('');

test('what was truncated away unread is a gap of as many bytes, told once; what came before and after is there', async () => {
  const log = join(folder, 'mail.log');
  const data = join(folder, 'control');
  let control = await startProcess('control', ['--port', '0', '--data-dir', data]);
  const read = async (): Promise<CompletenessWire> =>
    (await fetch(`${control.url}/api/v1/completeness`)).json() as Promise<CompletenessWire>;
  const totals = async () => {
    const { sources, sentence } = await read();
    return { sentence, lines: sources.reduce((sum, { lines }) => sum + lines, 0) };
  };
  appendFileSync(log, linesOf('first', 100));
  const agent = await startProcess('agent', [
    ...['--node', 'mx1', '--control', control.url, '--file', log],
    ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
  ]);
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${agent.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  await expect.poll(totals, inTime).toEqual({ sentence: 'Complete.', lines: 100 });

  await control.end('SIGKILL');
  // Read, and held until control is back.
  const held = linesOf('held', 10);
  appendFileSync(log, held);
  await expect.poll(() => metric('mailward_agent_request_retries_total'), inTime).toBeGreaterThan(0);
  // Seen, and never read.
  const lost = linesOf('lost', 50);
  appendFileSync(log, lost);
  await expect.poll(() => metric('mailward_agent_lag_bytes'), inTime).toBe(held.length + lost.length);
  truncateSync(log);
  appendFileSync(log, linesOf('after', 20));
  control = await startProcess('control', ['--port', String(control.port), '--data-dir', data]);
  const sentence = `${lost.length} bytes of log are missing from mx1.`;
  await expect.poll(totals, inTime).toEqual({ sentence, lines: 130 });
  expect(await metric('mailward_agent_lost_bytes_total')).toBe(lost.length);

  await agent.end('SIGKILL');
  await startProcess('agent', [
    ...['--node', 'mx1', '--control', control.url, '--file', log],
    ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
  ]);
  appendFileSync(log, linesOf('again', 5));
  await expect.poll(totals, inTime).toEqual({ sentence, lines: 135 });
});
