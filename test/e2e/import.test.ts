// Years of logs: every line once, in its year, whatever the order of the files, how they are packed and how often it is tried.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompletenessWire, StoryPageWire } from '../../services/protocol/wire.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

const main = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');
const dayMs = 86_400_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-import-'));
  mkdirSync(join(folder, 'log'));
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const stamp = (time: number): string => {
  const date = new Date(time);
  return `${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`;
};
const queueIdOf = (no: number): string => `4XyZ${String(no).padStart(8, '0')}`;

/** One message a day, taken in just before a file ends and delivered in the next: five lines of RFC 3164. */
function linesOf(no: number, time: number): string[] {
  const say = (service: string, afterMs: number, text: string) =>
    `${stamp(time + afterMs)} mx1 postfix/${service}[99]: ${queueIdOf(no)}: ${text}\n`;
  const deliveryMs = dayMs / 2;
  return [
    say('smtpd', 0, 'client=relay.example.net[192.0.2.7]'),
    say('cleanup', 0, `message-id=<${no}@relay.example.net>`),
    say('qmgr', 1000, 'from=<a@example.net>, size=1024, nrcpt=1 (queue active)'),
    say(
      'smtp',
      deliveryMs,
      `to=<b${no}@example.org>, relay=mx.example.org[198.51.100.9]:25, delay=9, dsn=2.0.0, status=sent (250 2.0.0 Ok)`,
    ),
    say('qmgr', deliveryMs, 'removed'),
  ];
}

/** Three years of rotations of four weeks, packed in turn; their times are those of a careless copy, unless `withTimes`. */
function writeYears(options: { readonly withTimes: boolean }) {
  const [start, days] = [Date.parse('2019-02-20T18:00:00Z'), 1100];
  const files: string[] = [];
  const perFile = 28;
  let carried: string[] = [];
  let lines = 0;
  const rotations = Math.ceil(days / perFile);
  for (let rotation = 0; rotation < rotations; rotation++) {
    let text = carried.join('');
    const until = Math.min(days, (rotation + 1) * perFile);
    for (let no = rotation * perFile; no < until; no++) {
      const written = linesOf(no, start + no * dayMs);
      carried = no === until - 1 && until < days ? written.splice(3) : [];
      text += written.join('');
      lines += 5;
    }
    const age = rotations - 1 - rotation;
    const bytes = Buffer.from(text);
    const [name, body] =
      age === 0
        ? ['mail.log', bytes]
        : age === 1
          ? ['mail.log.1', bytes]
          : age % 2 === 0
            ? [`mail.log.${age}.gz`, gzipSync(bytes)]
            : [`mail.log.${age}.zst`, zstdCompressSync(bytes)];
    const path = join(folder, 'log', name);
    writeFileSync(path, body);
    const endedAt = (start + until * dayMs) / 1000;
    if (options.withTimes || age === 0) utimesSync(path, endedAt, endedAt);
    files.push(path);
  }
  return { files, lines, messages: days, timeOf: (no: number) => start + no * dayMs };
}

const startControl = () => startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
function importFiles(control: RealProcess, args: readonly string[]) {
  const flags = ['import', '--node', 'mx1', '--control', control.url, '--time-zone', 'UTC', ...args];
  return spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
}
async function runImport(control: RealProcess, args: readonly string[]) {
  const child = importFiles(control, args);
  let [output, words] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  const [status] = (await once(child, 'close')) as [number];
  return { status, output, words };
}
async function readStored(control: RealProcess) {
  const url = `${control.url}/api/v1/completeness?since=2000-01-01T00:00:00Z&until=2027-01-01T00:00:00Z`;
  const { sources } = (await (await fetch(url)).json()) as CompletenessWire;
  const sum = (of: (source: (typeof sources)[number]) => number) => sources.reduce((all, next) => all + of(next), 0);
  return {
    ...{ lines: sum(({ lines }) => lines), gaps: sum(({ gapBytes }) => gapBytes) },
    duplicates: sum(({ duplicateBatches }) => duplicateBatches),
  };
}
async function findStory(control: RealProcess, queueId: string) {
  const page = (await (await fetch(`${control.url}/api/v1/stories?q=${queueId}`)).json()) as StoryPageWire;
  return page.items;
}

test('three years of rotations in any order: every line once, in its year, messages whole across files', async () => {
  const control = await startControl();
  const { files, lines, messages, timeOf } = writeYears({ withTimes: false });
  const shuffled = files.toSorted((a, b) => (a.slice(-6) < b.slice(-6) ? -1 : 1));
  const first = await runImport(control, ['--json', ...shuffled]);
  expect(first).toMatchObject({ status: 0, words: expect.stringContaining(`${lines.toLocaleString('en-US')} lines`) });
  expect(JSON.parse(first.output)).toMatchObject({ node: 'mx1', linesStored: lines, linesKnown: 0 });
  expect(await readStored(control)).toEqual({ lines, gaps: 0, duplicates: 0 });
  for (const no of [0, 27, 28, 311, 312, 700, 1091, messages - 1]) {
    const [story, ...others] = await findStory(control, queueIdOf(no));
    expect(others).toEqual([]);
    expect(story).toMatchObject({ fate: 'delivered', firstSeenAt: new Date(timeOf(no)).toISOString() });
  }
  const again = await runImport(control, files);
  expect(again.words).toContain('Nothing was new');
  expect(await readStored(control)).toEqual({ lines, gaps: 0, duplicates: 0 });
  // No sign of life, and no mail of today.
  const metrics = await (await fetch(`${control.url}/metrics`)).text();
  expect(metrics).not.toMatch(/status="sent"/);
  expect(await (await fetch(`${control.url}/api/v1/nodes`)).json()).toMatchObject({ nodes: [] });
});

test('killed again and again, it goes on where it was', async () => {
  const control = await startControl();
  const { files, lines } = writeYears({ withTimes: true });
  for (let kill = 1; kill <= 3; kill++) {
    const child = importFiles(control, files);
    const exit = once(child, 'exit');
    const part = (lines * kill) / 5;
    await expect
      .poll(async () => (await readStored(control)).lines, { timeout: 20_000, interval: 20 })
      .toBeGreaterThan(part);
    child.kill('SIGKILL');
    await exit;
  }
  // What was killed is only the command; its process ends with it.
  expect(await runImport(control, files)).toMatchObject({ status: 0 });
  expect(await readStored(control)).toMatchObject({ lines, gaps: 0 });
});

test('what an agent has sent while it was written is known, also packed and under another name', async () => {
  const control = await startControl();
  const log = join(folder, 'log', 'mail.log');
  const text = Array.from({ length: 20 }, (_, no) => linesOf(no, Date.now() - (20 - no) * dayMs).join('')).join('');
  writeFileSync(log, text);
  const agent = await startProcess('agent', [
    ...['--node', 'mx1', '--control', control.url, '--file', log],
    ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
  ]);
  await expect.poll(async () => (await readStored(control)).lines, { timeout: 20_000 }).toBe(100);
  await agent.end('SIGTERM');
  const [packed, torn] = [join(folder, 'old.gz'), join(folder, 'torn.gz')];
  const more = linesOf(20, Date.now() - dayMs).join('');
  writeFileSync(packed, gzipSync(text + more));
  expect(await runImport(control, [packed])).toMatchObject({
    status: 0,
    words: expect.stringContaining('5 lines are'),
  });
  expect(await readStored(control)).toMatchObject({ lines: 105, gaps: 0 });
  // Of a damaged file what can be read is taken, and the status says that it was not all.
  const other = gzipSync(
    Array.from({ length: 2000 }, (_, no) => linesOf(1000 + no, Date.now() - dayMs).join('')).join(''),
    {
      level: 0,
    },
  );
  writeFileSync(torn, other.subarray(0, other.length / 2));
  expect(await runImport(control, [torn])).toMatchObject({ status: 1, words: expect.stringContaining('is damaged') });
  expect((await readStored(control)).lines).toBeGreaterThan(1000);
  expect(await runImport(control, [join(folder, 'none.log')])).toMatchObject({
    status: 1,
    words: expect.stringContaining('none.log cannot be read'),
  });
});
