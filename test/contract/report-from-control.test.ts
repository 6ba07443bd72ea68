// `mailward report` and `mailward top` as processes against control's own routes over a real store.
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createControlEvents } from '../../services/control/events.ts';
import { createHttpServer } from '../../services/control/http/server.ts';
import { readOverview } from '../../services/control/overview.ts';
import { createRetention } from '../../services/control/retention.ts';
import { retentionConfigSchema } from '../../services/control/retention-table.ts';
import { createSqliteSeriesStore } from '../../services/control/series/sqlite-series-store.ts';
import { createSqliteStateStore } from '../../services/control/state/sqlite-state-store.ts';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { reportAnswerSchema } from '../../services/protocol/report.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { createLog } from '../../services/runtime/log.ts';
import { bodyOf, makeBatch } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

const main = join(import.meta.dirname, '../../services/cli/main.ts');
const pseudoTerminal = '/usr/bin/script';
let folder: string;
const neverAsked = () => {
  throw new Error('no report asks of lease groups');
};
let store: EventStore;
let stopSeries: () => Promise<void>;
let stopRetention: () => Promise<void>;
let app: Awaited<ReturnType<typeof createHttpServer>>;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-report-control-'));
  store = await createSqliteEventStore({ dataDir: folder }, { log: { error: console.error } });
  const events = createControlEvents({ version: '0.0.0' }, { log: createLog({ process: 'test', level: 'silent' }) });
  const series = await createSqliteSeriesStore({ dataDir: folder }, { log: { error: console.error } });
  stopSeries = series.stop;
  const state = await createSqliteStateStore({ dataDir: folder }, { log: { error: console.error } });
  const failover = {
    failover: { readGroups: () => [], findGroup: neverAsked },
    questions: { preflight: neverAsked, explain: neverAsked },
    state,
  };
  const deps = { clock: systemClock, store, series, state, readNodes: () => [], failover };
  const retention = createRetention(retentionConfigSchema.parse({}), { ...deps, events });
  stopRetention = retention.stop;
  app = await createHttpServer(
    { version: '0.0.0', names: [], consoleFolder: '/nonexistent', inFlightBytesMax: 1024 },
    {
      ...{ ...deps, retention, events, renderMetrics: events.renderMetrics, onBatch: () => {} },
      forgetNode: async () => {},
      readOverview: (request) => readOverview(request, deps),
    },
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const now = Date.now();
  const lines = [30, 2, 1].flatMap((minutes, at) =>
    messageLines({
      ...{ at: new Date(now - minutes * 60_000).toISOString(), queueId: queueIdOf(at), to: `b@to${at}.example` },
      from: `\u001b]0;owned\u0007${at === 0 ? 'old' : 'new'}@from.example`,
      status: at === 2 ? 'deferred' : 'sent',
    }),
  );
  const first = makeBatch(lines, { readMs: now });
  await store.ingest(first.envelope, bodyOf(first));
  // Bytes that never came: the answer must say so.
  const later = `${new Date(now).toISOString()} mx1 postfix/master[1]: reload -- version 3.7.11, configuration /etc/postfix`;
  const second = makeBatch([later], { readMs: now, firstOffset: first.envelope.lastOffset + 512 });
  await store.ingest(second.envelope, bodyOf(second));
});

afterAll(async () => {
  await app.close();
  await stopRetention();
  await Promise.all([store.stop(), stopSeries()]);
  rmSync(folder, { recursive: true, force: true });
});

async function mailward(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args, '--url', url]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('a report from control says how whole the log is', async () => {
  const { stdout } = await mailward('report', '--from', '1h', '--format', 'json');
  const { report, completeness } = reportAnswerSchema.parse(JSON.parse(stdout));
  expect(report.totals).toMatchObject({ received: 3, delivered: 2, deferred: 1, senders: 2 });
  expect(completeness).toMatchObject({ complete: false, sources: [{ gapBytes: 512 }] });
  const text = await mailward('report', '--from', '1h', '--domain', 'to0.example');
  expect(text.stdout).toContain('Mail report of to0.example\n');
  expect(text.stdout).toContain('The log may not tell all of it: 512 bytes of log are missing from mx1.');
  expect(text.stdout).toMatch(/^1 {2}received/m);
});

test('top shows the last minutes once on a pipe, harmlessly', async () => {
  const { stdout, stderr } = await mailward('top', 'senders');
  expect(stderr).toBe('');
  expect(stdout).toContain('The last 10 minutes: 2 received, 1 delivered, 1 deferred, 0 bounced, 0 rejected.\n');
  expect(stdout).toMatch(/^ +2 {2}2\.3 KiB {2}\\x1b\]0;owned\\x07new@from\.example$/m);
  expect(stdout).not.toMatch(/old@|(?!\n)\p{Cc}/u);
  expect((await mailward('top', 'senders', '--minutes', '60')).stdout).toContain('old@from.example');
  expect((await mailward('top', 'reasons')).stdout).toMatch(/^Deferred because\ncount {2}reason\n +1 {2}said so$/m);
  expect((await mailward('top', 'users')).stdout).toContain('There were no users.');
  const body = JSON.parse((await mailward('top', '--json', '--domain', 'to1.example')).stdout);
  expect(reportAnswerSchema.parse(body).report).toMatchObject({ domain: 'to1.example', totals: { received: 1 } });
});

const hasTerminal = ((): boolean => {
  try {
    accessSync(pseudoTerminal, constants.X_OK);
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasTerminal && process.env.CI !== 'true')(
  'on a terminal it shows again and again, until it is interrupted (skipped without script(1))',
  async () => {
    const command = `exec ${process.execPath} ${main} top --every 1 --url ${url}`;
    const child = spawn(pseudoTerminal, ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const status = new Promise<number | null>((resolve) => child.once('close', resolve));
    let screens = 0;
    let isInterrupted = false;
    for await (const chunk of child.stdout) {
      screens += String(chunk).split('\u001b[H\u001b[J').length - 1;
      if (screens < 2 || isInterrupted) continue;
      isInterrupted = true;
      child.stdin.write('\u0003');
    }
    expect([screens >= 2, await status]).toEqual([true, 0]);
  },
);

test.each([
  [['top', 'cats'], 2, /There is no top of cats/],
  [['top', '--minutes', '0'], 2, /--minutes 0 is not a number from 1 to 1440/],
  [['top', '--every', ''], 2, /--every {2}is not a number/],
  [['report', '--from', '2025-01-01', '--to', '2026-01-01'], 3, /at most 32 days/],
])('%j ends with status %i and says why', async (args, code, words) => {
  const answer = await mailward(...args);
  expect(answer.stderr).toMatch(words);
  expect(answer.code).toBe(code);
});
