// The journal as a source, on real journal files: systemd-journal-remote writes them, journalctl reads them.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompletenessWire } from '../../services/protocol/wire.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

const writer = '/lib/systemd/systemd-journal-remote';
const isMissing = !existsSync(writer);
if (isMissing && process.env.CI) throw new Error(`${writer} is missing: install systemd-journal-remote`);

let folder = '';
let control: RealProcess;
let entries = 0;
beforeEach(async () => {
  entries = 0;
  folder = mkdtempSync(join(tmpdir(), 'mailward-journal-'));
  mkdirSync(join(folder, 'journal'));
  writeFileSync(
    join(folder, 'agent.yaml'),
    JSON.stringify({
      ...{ node: 'mx1', files: [join(folder, 'none.log')], dataDir: join(folder, 'agent'), metrics: { port: 0 } },
      journal: { directory: join(folder, 'journal'), units: ['postfix.service'] },
    }),
  );
  control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const startAgent = () => startProcess('agent', ['--config', join(folder, 'agent.yaml'), '--control', control.url]);

/** Appends entries to a journal file in the export format. */
function log(identifier: string, messages: readonly string[], file = 'system.journal', fields = ''): void {
  const text = messages.map((message) => {
    entries += 1;
    const micros = (Date.now() - 60_000) * 1000 + entries;
    const common = `_BOOT_ID=${'1'.repeat(32)}\n_MACHINE_ID=${'2'.repeat(32)}\n_HOSTNAME=mx1\nSYSLOG_PID=7\n`;
    const words = `SYSLOG_IDENTIFIER=${identifier}\n${fields}MESSAGE=${message}\n`;
    return `__REALTIME_TIMESTAMP=${micros}\n__MONOTONIC_TIMESTAMP=${entries}\n${common}${words}\n`;
  });
  execFileSync(writer, ['-o', join(folder, 'journal', file), '-'], {
    input: text.join(''),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
const mail = (count: number, file?: string) => {
  const lines = Array.from({ length: count }, (_, no) => `connect from h${entries + no}.example[192.0.2.${no % 250}]`);
  log('postfix/smtpd', lines, file, 'SYSLOG_FACILITY=2\n');
};
const readCompleteness = async () =>
  (await (await fetch(`${control.url}/api/v1/completeness`)).json()) as CompletenessWire;
async function sums() {
  const { sources } = await readCompleteness();
  const sum = (of: (source: (typeof sources)[number]) => number) =>
    sources.reduce((all, source) => all + of(source), 0);
  return [sum(({ lines }) => lines), sum(({ gapBytes }) => gapBytes), sources.length];
}
const seen = () => expect.poll(sums, { timeout: 30_000, interval: 100 });

test.skipIf(isMissing)(
  'mail is read and nothing else, over kill -9 and a lost position: nothing lost, nothing doubled',
  async () => {
    mail(20);
    log('cron', ['not mail'], undefined, 'SYSLOG_FACILITY=9\n');
    log('mymta', ['of a unit'], undefined, '_SYSTEMD_UNIT=postfix.service\n');
    let agent = await startAgent();
    await seen().toEqual([21, 0, 1]);
    mail(5);
    await seen().toEqual([26, 0, 1]);
    for (let kill = 0; kill < 3; kill++) {
      mail(30);
      await agent.end('SIGKILL');
      mail(10);
      agent = await startAgent();
      await seen().toEqual([66 + kill * 40, 0, 1]);
    }
    await agent.end('SIGTERM');
    unlinkSync(join(folder, 'agent', 'journal.json'));
    mail(1);
    agent = await startAgent();
    await seen().toEqual([147, 0, 1]);
    expect((await readCompleteness()).sentence).toBe('Complete.');
  },
);

test.skipIf(isMissing)('entries that were removed unread are a gap', async () => {
  mail(3, 'old.journal');
  let agent = await startAgent();
  await seen().toEqual([3, 0, 1]);
  await agent.end('SIGTERM');
  mail(3, 'old.journal');
  unlinkSync(join(folder, 'journal', 'old.journal'));
  mail(2, 'new.journal');
  agent = await startAgent();
  await seen().toEqual([5, 1, 1]);
  expect(await (await fetch(`${agent.url}/metrics`)).text()).toContain('mailward_agent_journal_holes_total 1\n');
  expect((await readCompleteness()).complete).toBe(false);
});

test.skipIf(isMissing)('what journald and rsyslog dropped before anybody could read it is said', async () => {
  mail(1);
  log('systemd-journald', ['Suppressed 40 messages from postfix.service', 'Suppressed 9 messages from ssh.service']);
  log('rsyslogd', ['imjournal: 2 messages lost due to rate-limiting (20000 allowed within 600 seconds)']);
  await startAgent();
  await seen().toEqual([3, 0, 1]);
  const { complete, sentence, sources } = await readCompleteness();
  expect(sources[0]).toMatchObject({ state: 'suppressed', suppressedMessages: 42 });
  expect([complete, sentence]).toEqual([false, 'The log daemon itself dropped 42 messages on mx1.']);
});
