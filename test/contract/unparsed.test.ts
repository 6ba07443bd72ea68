// Lines that nobody understands: found again in the store, grouped, and told by the command line.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { endAll, startProcess } from '../e2e/real-process.ts';
import { bodyOf, makeBatch, readMs } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

const main = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');
const execute = promisify(execFile);
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-unparsed-'));
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const minuteMs = 60_000;
const stamp = (time: number): string => new Date(time).toISOString().replace('Z', '+00:00');
const strange = (time: number, no: number): string =>
  `${stamp(time)} mx1 frobd[${no}]: frobnicated ${queueIdOf(no)} for user${no}@example.org in ${no} ms`;
const known = (time: number, no: number): string[] =>
  messageLines({
    ...{ at: stamp(time), queueId: queueIdOf(no), status: 'sent', from: 'a@x.example', to: 'b@y.example' },
  });

test('the store finds every one of them in an interval, wherever they lie in its blocks', async () => {
  const store = await createSqliteEventStore(
    { dataDir: folder },
    { log: { error: (fault: unknown) => expect.fail(String(fault)) } },
  );
  try {
    const start = readMs - 600 * minuteMs;
    const times: number[] = [];
    let offset = 0;
    // Ten hours: much that is known, and every 25 minutes something strange, in batches that share blocks and fill some.
    for (let hour = 0; hour < 10; hour++) {
      const lines: string[] = [];
      for (let minute = 0; minute < 60; minute++) {
        const time = start + (hour * 60 + minute) * minuteMs;
        if ((hour * 60 + minute) % 25 === 0) {
          lines.push(strange(time, times.length));
          times.push(time);
        }
        for (let no = 0; no < 6; no++) lines.push(...known(time, hour * 10_000 + minute * 100 + no));
      }
      const batch = makeBatch(lines, { firstOffset: offset });
      offset = batch.envelope.lastOffset;
      await store.ingest(batch.envelope, bodyOf(batch));
    }
    const all = await store.readUnparsed({ since: 0, until: readMs, clustersMax: 10 });
    expect(all).toMatchObject({ lines: times.length, otherLines: 0, ungroupedLines: 0, cut: false });
    expect(all.clusters).toMatchObject([
      { program: 'frobd', count: times.length, firstSeenAt: times[0], lastSeenAt: times.at(-1) },
    ]);
    for (const [from, to] of [
      [0, 0],
      [1, 3],
      [7, 7],
      [5, times.length - 1],
    ] as const) {
      const range = { since: times[from] ?? 0, until: times[to] ?? 0 };
      expect((await store.readUnparsed({ ...range, clustersMax: 10 })).lines).toBe(to - from + 1);
    }
    expect((await store.readUnparsed({ since: start + 1, until: start + minuteMs, clustersMax: 10 })).lines).toBe(0);
  } finally {
    await store.stop();
  }
});

test('the command shows groups with an example and a pattern, and how complete the log is', async () => {
  const control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
  const log = join(folder, 'mail.log');
  const now = Date.now() - 10 * minuteMs;
  writeFileSync(log, [...known(now, 1), strange(now, 7), strange(now + 1000, 8), ''].join('\n'));
  await execute(process.execPath, [main, 'import', '--node', 'mx1', '--control', control.url, log]);
  const shown = await execute(process.execPath, [main, 'unparsed', '--url', control.url]);
  expect(shown.stdout).toContain('2 of ');
  expect(shown.stdout).toContain('frobd: frobnicated <id> for <addr> in <num> ms');
  expect(shown.stdout).toContain('The log is complete for this time.');
  const { stdout } = await execute(process.execPath, [main, 'unparsed', '--url', control.url, '--json']);
  const { unparsed, completeness } = JSON.parse(stdout) as {
    unparsed: { clusters: { pattern: string; example: string; firstSeenAt: string }[] };
    completeness: { complete: boolean };
  };
  const [cluster] = unparsed.clusters;
  expect(completeness.complete).toBe(true);
  expect(cluster?.firstSeenAt).toBe(new Date(now).toISOString());
  expect(cluster?.example).toBe(strange(now, 7));
  expect('frobnicated 4XyZ for x@y in 1 ms').toMatch(new RegExp(cluster?.pattern ?? '(?!)'));
  expect((await fetch(`${control.url}/api/v1/unparsed?clusters=0`)).status).toBe(400);
});

test('mailward parse names a file that is not there, and tells the others', async () => {
  const [a, b] = [join(folder, 'a.log'), join(folder, 'b.log')];
  writeFileSync(a, [...known(readMs, 1), ''].join('\n'));
  writeFileSync(b, `${strange(readMs, 2)}\n`);
  const failed = await execute(process.execPath, [
    main,
    'parse',
    '--stats',
    '--json',
    a,
    join(folder, 'none'),
    b,
  ]).catch((error: unknown) => error as { code: number; stdout: string; stderr: string });
  expect(failed).toMatchObject({ code: 3, stderr: expect.stringContaining('none') });
  expect(JSON.parse(failed.stdout)).toMatchObject({
    lines: known(readMs, 1).length + 1,
    unparsed: 1,
    unparsedClusters: [{ program: 'frobd', count: 1 }],
  });
});
