// The two processes as they run: real files, real kills, real ports. Nothing lost, nothing doubled.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { io } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BatchEnvelope,
  batchHeaderName,
  batchLimits,
  encodeBatchEnvelope,
} from '../../services/protocol/ingest.ts';
import { protocolVersion } from '../../services/protocol/version.ts';
import type { CompletenessWire, NodesWire, StoryDetailWire, StoryPageWire } from '../../services/protocol/wire.ts';
import { createMailWriter } from './mail-writer.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

let folder = '';
let log = '';
const inTime = { timeout: 30_000, interval: 100 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-agent-control-'));
  mkdirSync(join(folder, 'log'));
  log = join(folder, 'log', 'mail.log');
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const startControl = (port = 0, data = 'control') =>
  startProcess('control', ['--port', String(port), '--data-dir', join(folder, data)]);
const startAgent = (control: RealProcess, file = log) =>
  startProcess('agent', [
    ...['--node', 'mx1', '--control', control.url, '--file', file],
    ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
  ]);
const writeMail = () => createMailWriter(log, Date.now() - 3_600_000);

async function get<Body>(url: string): Promise<Body> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}
const readCompleteness = (control: RealProcess) => get<CompletenessWire>(`${control.url}/api/v1/completeness`);
async function countLines(control: RealProcess): Promise<number> {
  const { sources } = await readCompleteness(control);
  return sources.reduce((sum, source) => sum + source.lines, 0);
}
async function readAllStories(control: RealProcess): Promise<StoryPageWire['items']> {
  const items: StoryPageWire['items'] = [];
  let cursor = '';
  for (let page = 0; page < 100; page++) {
    const answer = await get<StoryPageWire>(`${control.url}/api/v1/stories?limit=200${cursor}`);
    items.push(...answer.items);
    if (answer.nextCursor === undefined) return items;
    cursor = `&cursor=${encodeURIComponent(answer.nextCursor)}`;
  }
  throw new Error('the pages have no end');
}
/** Every message is one story, and its lines are those that were written, each once. */
async function expectWhole(control: RealProcess, mail: ReturnType<typeof createMailWriter>): Promise<void> {
  await expect.poll(() => countLines(control), inTime).toBeGreaterThanOrEqual(mail.messages.length * 5);
  const completeness = await readCompleteness(control);
  expect(completeness.sources.reduce((sum, source) => sum + source.lines, 0)).toBe(mail.messages.length * 5);
  expect(completeness.sources.filter(({ gapBytes, unparsedLines }) => gapBytes + unparsedLines > 0)).toEqual([]);
  const stories = await readAllStories(control);
  const idByQueueId = new Map(stories.map((story) => [story.queueIds[0], story.id]));
  expect(stories.length).toBe(mail.messages.length);
  for (const { queueId, lines } of mail.messages) {
    const detail = await get<StoryDetailWire>(`${control.url}/api/v1/stories/${idByQueueId.get(queueId)}`);
    expect(detail.lines.map((line) => line.text)).toEqual(lines);
  }
}

test('lines become stories, and the node is up', async () => {
  const control = await startControl();
  const mail = writeMail();
  mail.write();
  const agent = await startAgent(control);
  const { queueId } = mail.write(true);
  const page = () => get<StoryPageWire>(`${control.url}/api/v1/stories?q=${queueId}`);
  await expect.poll(async () => (await page()).items[0]?.fate, inTime).toBe('delivered');
  await expectWhole(control, mail);
  const { nodes } = await get<NodesWire>(`${control.url}/api/v1/nodes`);
  expect(nodes).toMatchObject([{ node: 'mx1', state: 'up', mode: 'observe-only', sources: 1 }]);
  expect(await agent.end('SIGTERM')).toBe(0);
  expect(await control.end('SIGTERM')).toBe(0);
});

test('kill -9 of either side while lines are written, files renamed and truncated: nothing lost, nothing doubled', async () => {
  const mail = writeMail();
  let control = await startControl();
  const { port } = control;
  let agent = await startAgent(control);
  const rotations = [mail.rotateByRename, mail.rotateByCopy];
  /** Writes message after message, some torn, and turns the log over now and then, so that the processes get their turns. */
  const writeOn = async (messages: number) => {
    for (let no = 0; no < messages; no++) {
      mail.write(no % 5 === 0);
      const written = mail.messages.length;
      if (written % 40 === 0) rotations[(written / 40) % 2]?.();
      await fetch(`${agent.url}/healthz`).catch(() => {});
    }
  };
  for (let kill = 0; kill < 6; kill++) {
    await writeOn(30);
    const victim = kill % 2 === 0 ? agent : control;
    const death = victim.end('SIGKILL');
    await writeOn(kill < 4 ? 30 : 60);
    await death;
    const birth = victim === agent ? startAgent(control) : startControl(port);
    await writeOn(20);
    if (victim === agent) agent = await birth;
    else control = await birth;
  }
  await writeOn(20);
  await expectWhole(control, mail);
});

test('control away: lines wait in their files, and the agent says so; control back: they arrive', async () => {
  const mail = writeMail();
  let control = await startControl();
  const agent = await startAgent(control);
  mail.write();
  await expect.poll(() => countLines(control), inTime).toBe(5);
  const { port } = control;
  await control.end('SIGKILL');
  for (let no = 0; no < 50; no++) mail.write();
  const lag = async () => Number(/^mailward_agent_lag_bytes (\d+)$/m.exec(await metricsOf(agent))?.[1]);
  await expect.poll(lag, inTime).toBeGreaterThan(10_000);
  mail.rotateByRename();
  mail.write();
  control = await startControl(port);
  await expectWhole(control, mail);
  await expect.poll(lag, inTime).toBe(0);
  expect(await metricsOf(agent)).toMatch(/^mailward_agent_request_retries_total [1-9]/m);
});
const metricsOf = async (process: RealProcess): Promise<string> => (await fetch(`${process.url}/metrics`)).text();

test('a lost checkpoint doubles nothing, and one of an unreadable form neither', async () => {
  const mail = writeMail();
  for (let no = 0; no < 20; no++) mail.write();
  const control = await startControl();
  const checkpoint = join(folder, 'agent', 'checkpoint.json');
  const spoils = [() => {}, () => unlinkSync(checkpoint), () => writeFileSync(checkpoint, '{"version":9')];
  let held = 0;
  for (const spoil of spoils) {
    const agent = await startAgent(control);
    mail.write();
    await expectWhole(control, mail);
    // Only what control did not hold was sent at all.
    const sent = `mailward_agent_lines_total ${mail.messages.length * 5 - held}`;
    await expect.poll(() => metricsOf(agent), inTime).toContain(`${sent}\n`);
    held = mail.messages.length * 5;
    expect(await agent.end('SIGTERM')).toBe(0);
    spoil();
  }
  const { sources } = await readCompleteness(control);
  expect(sources.map(({ duplicateBatches }) => duplicateBatches)).toEqual([0]);
});

test('a file that appears later, is deleted and made anew, matches a pattern, or ends in an overlong line', async () => {
  const control = await startControl();
  await startAgent(control, join(folder, 'log', '*.log'));
  const line = (no: number) =>
    `2026-11-22T10:00:00.00000${no}+00:00 mx1 postfix/smtpd[1]: connect from h${no}[192.0.2.1]\n`;
  writeFileSync(log, line(1));
  await expect.poll(() => countLines(control), inTime).toBe(1);
  unlinkSync(log);
  writeFileSync(log, line(2));
  await expect.poll(() => countLines(control), inTime).toBe(2);
  writeFileSync(join(folder, 'log', 'other.log'), line(3));
  writeFileSync(join(folder, 'log', 'packed.log.gz'), line(4));
  await expect.poll(() => countLines(control), inTime).toBe(3);
  // A megabyte without an end, in pieces, then its end and one line more; half a line must wait.
  for (let piece = 0; piece < 4; piece++) appendFileSync(log, 'x'.repeat(256 * 1024));
  appendFileSync(log, `\n${line(5)}2026-11-22T10:00:0`);
  await expect.poll(() => countLines(control), inTime).toBe(5);
  const { sources } = await readCompleteness(control);
  expect(sources.filter(({ gapBytes }) => gapBytes > 0)).toEqual([]);
  expect(await metricsOf(control)).toMatch(/^mailward_ingest_cut_bytes_total\{node="mx1"\} 983\d{3}$/m);
});

const lines = '2026-11-22T10:00:00.000000+00:00 mx9 postfix/smtpd[1]: connect from a.example[192.0.2.1]\n';
const envelope: BatchEnvelope = {
  ...{ protocolVersion, node: 'mx9', sourceId: 'f'.repeat(32), path: '/var/log/邮件.log', sequence: 0 },
  ...{ firstOffset: 0, lastOffset: lines.length, lines: 1, rawBytes: lines.length, cutBytes: 0 },
  ...{ readMs: Date.now(), timeZone: 'UTC' },
};
const post = (control: RealProcess, body: Uint8Array<ArrayBuffer>, said: BatchEnvelope = envelope) =>
  fetch(`${control.url}/ingest/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/zstd', [batchHeaderName]: encodeBatchEnvelope(said) },
    body,
  });

const told = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];

test('a batch is stored once; one that is too large, or of another protocol, is refused and says why', async () => {
  const control = await startControl();
  const body = zstdCompressSync(lines);
  expect(await (await post(control, body)).json()).toMatchObject({ result: 'stored', lastOffset: lines.length });
  expect(await (await post(control, body)).json()).toMatchObject({ result: 'duplicate', lastOffset: lines.length });
  expect(await countLines(control)).toBe(1);
  const { sources } = await get<{ sources: unknown }>(`${control.url}/ingest/v1/offsets?node=mx9`);
  expect(sources).toEqual([{ sourceId: envelope.sourceId, lastOffset: lines.length }]);

  const large = await post(control, new Uint8Array(batchLimits.bodyBytesMax + 1));
  expect(await told(large)).toEqual([413, 'too-large']);
  const bomb = await post(control, zstdCompressSync(Buffer.alloc(64 * 1024 * 1024)));
  expect(await told(bomb)).toEqual([413, 'too-large']);
  const other = await post(control, body, { ...envelope, protocolVersion: 99 });
  expect(await told(other)).toEqual([409, 'protocol-mismatch']);
  const torn = await post(control, new Uint8Array([1, 2, 3]));
  expect(await told(torn)).toEqual([400, 'bad-request']);
  expect(await countLines(control)).toBe(1);
});

test('an agent of another protocol version is told so at hello', async () => {
  const control = await startControl();
  const socket = io(`${control.url}/agent`, { transports: ['websocket'], reconnection: false });
  const reply = await socket.timeout(10_000).emitWithAck('hello', { protocolVersion: 99, node: 'mx7' });
  expect(reply).toMatchObject({ ok: false, code: 'protocol-mismatch' });
  expect(reply.detail).toContain('Control speaks protocol 1, the agent of mx7 speaks 99');
  socket.disconnect();
  expect((await get<NodesWire>(`${control.url}/api/v1/nodes`)).nodes).toEqual([]);
});

test('the live channel sends nodes, the overview and a filtered tail, as texts of time', async () => {
  const control = await startControl();
  const mail = writeMail();
  const socket = io(`${control.url}/live`, { transports: ['websocket'], reconnection: false });
  const nodes = new Promise<NodesWire['nodes']>((got) => socket.on('nodes', (all) => all.length > 0 && got(all)));
  const overview = new Promise<{ now: string }>((got) => socket.once('overview', got));
  const tail = new Promise<{ lines: { text: string; time: string }[] }>((got) => socket.once('tail', got));
  await once(socket as never, 'connect');
  socket.emit('tail:start', { text: 'STATUS=SENT' });
  expect((await overview).now).toMatch(/Z$/);
  await startAgent(control);
  expect((await nodes)[0]).toMatchObject({ node: 'mx1', state: 'up' });
  const { queueId } = mail.write();
  const { lines: shown } = await tail;
  expect(shown).toHaveLength(1);
  expect(shown[0]?.text).toContain(`${queueId}: to=`);
  expect(shown[0]?.time).toMatch(/Z$/);
  socket.disconnect();
});

test('another host name and another page are refused, on HTTP and on sockets', async () => {
  const control = await startControl();
  const ask = async (headers: Record<string, string>, path: string): Promise<number | undefined> => {
    const asked = request({ host: '127.0.0.1', port: control.port, path, headers }).end();
    const [answer] = await once(asked, 'response');
    answer.resume();
    return answer.statusCode;
  };
  expect(await ask({ host: 'rebound.example' }, '/api/v1/nodes')).toBe(403);
  expect(await ask({ origin: 'https://evil.example' }, '/api/v1/nodes')).toBe(403);
  expect(await ask({}, '/api/v1/nodes')).toBe(200);
  const poll = '/socket.io/?EIO=4&transport=polling';
  expect(await ask({ host: 'rebound.example' }, poll)).toBe(403);
  expect(await ask({ origin: 'https://evil.example' }, poll)).toBe(403);
  expect(await ask({}, poll)).toBe(200);
});

test('every documented route answers, and the metrics can be read and hold no address', async () => {
  const control = await startControl();
  await startAgent(control);
  const mail = writeMail();
  for (let no = 0; no < 30; no++) mail.write();
  await expectWhole(control, mail);
  const document = await get<{ paths: Record<string, Record<string, unknown>> }>(`${control.url}/docs/json`);
  const story = (await readAllStories(control))[0]?.id ?? '';
  for (const [path, operations] of Object.entries(document.paths)) {
    if (operations.get === undefined) continue;
    const answer = await fetch(`${control.url}${path.replace('{id}', story)}?node=mx1&name=mailward_up`);
    // No lease is kept here: what is asked of a group is not found, and says so.
    expect([path, answer.status]).toEqual([path, path.includes('{group}') ? 404 : 200]);
  }
  expect((await fetch(`${control.url}/docs`)).status).toBe(200);
  const text = await metricsOf(control);
  const sample =
    /^[a-z_:][\w:]*(\{[a-z_]\w*="[^"\\\n]*"(,[a-z_]\w*="[^"\\\n]*")*\})? (-?[\d.]+(e[+-]?\d+)?|NaN|[+-]Inf)$/i;
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(samples.filter((line) => !sample.test(line))).toEqual([]);
  expect(samples).toContain('postfix_smtp_messages_processed_total{node="mx1",status="sent"} 30');
  expect(samples).toContain(
    'postfix_smtp_delivery_delay_seconds_bucket{le="0.1",node="mx1",stage="connection_setup"} 30',
  );
  expect(text).not.toContain('@');
  for (const { queueId } of mail.messages) expect(text).not.toContain(queueId);
});

test('a busy port names its holder and the option', async () => {
  const control = await startControl();
  await expect(startControl(control.port, 'other')).rejects.toThrow(
    new RegExp(`in use by process ${control.pid} .*control/main.ts.*--port`),
  );
});

test('a second control process is kept from the store of the first', async () => {
  await startControl();
  await expect(startControl()).rejects.toThrow(/Another control process has .*events\.sqlite open/);
});

test('on the command line the processes are run in place: flags, signals and the exit status pass through', async () => {
  const cli = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');
  const flags = ['control', '--port', '0', '--data-dir', join(folder, 'control')];
  const child = spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const { url } = JSON.parse(line) as { url: string };
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');

  const wrong = spawn(process.execPath, [cli, 'agent', '--metrics-port', 'none'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [[words], [status]] = await Promise.all([once(wrong.stderr.setEncoding('utf8'), 'data'), once(wrong, 'exit')]);
  expect(words).toMatch(/^mailward agent: metrics\.port: /);
  expect(status).toBe(2);
});
