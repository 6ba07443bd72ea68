// The metrics of a node beside a real Postfix: what Mailward counts from the same log and spool equals what the Prometheus
// exporter of Debian (prometheus-postfix-exporter) counts, but for its known faults, which are listed here one by one.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ExposedRow, parseExposition } from '../../services/agent/metrics/daemons/open-metrics.ts';
import { nodeMetricsConfigSchema } from '../../services/agent/metrics/metrics-config.ts';
import { createNodeMetrics } from '../../services/agent/metrics/node-metrics.ts';
import { createLineParser } from '../../services/logs/parse.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { type PostfixInstance, startPostfix, untilLogSays } from '../real-mail/postfix-instance.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

const programs = ['postfix', 'postqueue', 'prometheus-postfix-exporter', 'promtool'] as const;
const missing = [
  ...programs.filter((program) => programAt(program) === ''),
  ...(process.getuid?.() === 0 ? [] : ['root, which Postfix needs to start']),
];
const isSkipped = missing.length > 0 && process.env.CI !== 'true';
if (isSkipped) process.stderr.write(`node-metrics: skipped, missing: ${missing.join(', ')}\n`);

/**
 * Rows of the exporter that are not compared as they are, and why.
 */
const knownFaults: Readonly<Record<string, string>> = {
  postfix_smtp_delivery_delay_seconds: 'the exporter leaves the stage empty, and observes every deferred attempt again',
  postfix_smtp_deferred_messages_total: 'the exporter declares it and never counts',
  postfix_unsupported_log_entries_total: 'the exporter counts what it has no metric for, we what we cannot read',
  postfix_showq_message_age_seconds_sum: 'the two are not asked at the same instant',
  postfix_up: 'compared on its own',
};

let folder: string;
let sink: SMTPServer;
let postfix: PostfixInstance | undefined;
let exporter: ChildProcess | undefined;
let smtpPort: number;
let exporterUrl: string;
let agent: RealProcess | undefined;
let isDeferring = true;

beforeAll(async () => {
  if (isSkipped) return;
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  folder = await mkdtemp(join(tmpdir(), 'mailward-node-metrics-'));
  // Postfix's own users pass through the folder.
  await chmod(folder, 0o755);
  sink = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      if (address.startsWith('never@')) done(Object.assign(new Error('no such user'), { responseCode: 550 }));
      else if (address.startsWith('later@') && isDeferring)
        done(Object.assign(new Error('try again'), { responseCode: 450 }));
      else done();
    },
    onData: (stream, _session, done) => {
      stream.resume();
      stream.on('end', () => done());
    },
  });
  sink.on('error', () => {});
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', () => resolve()));
  const sinkPort = (sink.server.address() as AddressInfo).port;
  smtpPort = await freePort();
  postfix = await startPostfix({
    folder,
    syslogName: 'postfix',
    hostname: 'metrics.test',
    listeners: [{ port: smtpPort, settings: {} }],
    settings: {
      relayhost: `[127.0.0.1]:${sinkPort}`,
      relay_domains: 'good.test',
      mynetworks: '',
      smtpd_relay_restrictions: 'reject_unauth_destination',
      // The same number of lines each time: one connection to the sink for each message.
      smtp_connection_cache_on_demand: 'no',
    },
    tables: {},
  });
  const exporterPort = await freePort();
  exporterUrl = `http://127.0.0.1:${exporterPort}/metrics`;
  exporter = spawn(
    programAt('prometheus-postfix-exporter'),
    [
      `--web.listen-address=127.0.0.1:${exporterPort}`,
      `--postfix.showq_path=${join(folder, 'queue', 'public', 'showq')}`,
      `--postfix.logfile_path=${postfix.logFile}`,
    ],
    { stdio: 'ignore' },
  );
  await until('the exporter answers', async () => (await readRows()).length > 0);
  const control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
  const agentFile = join(folder, 'agent.yaml');
  const metrics = { port: 0, ...measured(), cadence: { fastMs: 1000 } };
  const agentConfig = { node: 'mx1', control: control.url, files: [postfix.logFile], dataDir: join(folder, 'agent') };
  await writeFile(agentFile, JSON.stringify({ ...agentConfig, metrics }));
  agent = await startProcess('agent', ['--config', agentFile]);
});

afterAll(async () => {
  if (isSkipped) return;
  exporter?.kill('SIGKILL');
  await endAll();
  await postfix?.stop();
  await new Promise<void>((resolve) => sink.close(() => resolve()));
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(isSkipped)('counters and queues equal those of prometheus-postfix-exporter', async () => {
  if (postfix === undefined) throw new Error('Postfix does not run');
  // The exporter begins at the end of the log that it finds; so do we.
  const skippedBytes = (await readFile(postfix.logFile)).length;
  const { logFile } = postfix;
  for (const recipient of ['alice@good.test', 'bob@good.test', 'never@good.test', 'later@good.test'])
    await send(recipient, 2_000);
  await send('later@good.test', 30_000);
  await expect(send('carol@elsewhere.test', 100)).rejects.toThrow('Relay access denied');
  await leaveAfter('EHLO leaver.test');
  await untilCount(logFile, 'status=deferred', 2);
  await untilCount(logFile, 'lost connection after EHLO', 1);
  await untilCount(logFile, 'status=bounced', 1);
  const exporterDuring = await settledExporter();
  const during = await measure(skippedBytes);
  compare(during, exporterDuring);
  expect(rowValue(during, 'postfix_showq_queue_depth', { queue: 'deferred', postfix_instance: 'postfix' })).toBe(2);
  expect(rowValue(during, 'postfix_showq_message_size_bytes_sum', { queue: 'deferred', postfix_instance: 'postfix' }))
    // Both messages with their headers, as `mailq` counts them.
    .toBeGreaterThan(32_000);

  isDeferring = false;
  execFileSync(programAt('postqueue'), ['-c', join(folder, 'etc'), '-f']);
  await until('the queue is empty', async () => {
    const rows = await readRows();
    return rowValue(rows, 'postfix_showq_message_size_bytes_count', { queue: 'deferred' }) === 0;
  });
  await untilCount(logFile, 'status=sent', 5);
  await untilCount(logFile, ': removed', 6);
  const exporterAfter = await settledExporter();
  const after = await measure(skippedBytes);
  compare(after, exporterAfter);
  // The same once more, as the agent's own endpoint has it.
  await until('the agent has counted the same', async () => differences(await readAgent(), exporterAfter).length === 0);

  // The two faults of the exporter's delays, put into numbers: no stage, and each deferred attempt again. Six recipients met
  // their fate: five of ours, and the sender of the notice about the one that bounced.
  const settled = 6;
  const stages = ['before_queue_manager', 'queue_manager', 'connection_setup', 'transmission'];
  const delays = 'postfix_smtp_delivery_delay_seconds_count';
  for (const stage of stages) expect(rowValue(after, delays, { stage }), stage).toBe(settled);
  const deferred = rowValue(after, 'postfix_smtp_status_deferred', {});
  expect(deferred).toBe(2);
  expect(rowValue(exporterAfter, delays, { stage: '' })).toBe(stages.length * (settled + deferred));
  expect(rowValue(exporterAfter, 'postfix_smtp_deferred_messages_total', {})).toBe(0);
  expect(rowValue(after, 'postfix_smtp_deferred_messages_total', {})).toBe(2);
  expect(after.filter(({ name }) => name === 'postfix_unsupported_log_entries_total')).toEqual([]);
});

test.skipIf(isSkipped)('services, connections and limits of the instance are seen as they are', async () => {
  const socket = connect(smtpPort, '127.0.0.1');
  await once(socket, 'data');
  try {
    const rows = await measure(0);
    const port = { port: String(smtpPort), family: 'ipv4' };
    expect(rowValue(rows, 'mailward_port_listening', port)).toBe(1);
    expect(rowValue(rows, 'mailward_port_connections', port)).toBe(1);
    const service = { software: 'postfix', service: `127.0.0.1:${smtpPort}/inet`, postfix_instance: 'postfix' };
    expect(rowValue(rows, 'mailward_service_processes', service)).toBeGreaterThanOrEqual(1);
    expect(rowValue(rows, 'mailward_service_processes_limit', service)).toBe(100);
    expect(rowValue(rows, 'mailward_processes', { software: 'postfix', service: 'qmgr' })).toBeGreaterThanOrEqual(1);
    expect(
      rowValue(rows, 'mailward_process_resident_memory_bytes', { software: 'postfix', service: 'qmgr' }),
    ).toBeGreaterThan(1e6);
    const showq = join(folder, 'queue', 'public', 'showq');
    expect(rowValue(rows, 'postfix_up', { path: showq })).toBe(1);
    expect(rowValue(await readRows(), 'postfix_up', { path: showq })).toBe(1);
  } finally {
    socket.destroy();
  }
});

test.skipIf(isSkipped)('each metric has the type that the exporter gives it', async () => {
  const ours = typesOf(await expose(0));
  const theirs = typesOf(await readExporter());
  expect(theirs.size).toBeGreaterThan(20);
  // The one name that the linter of Prometheus would not have as a counter (log-metric-table.ts).
  expect(theirs.get('postfix_smtp_status_deferred')).toBe('counter');
  theirs.set('postfix_smtp_status_deferred', 'untyped');
  expect([...theirs].filter(([name, type]) => ours.get(name) !== type)).toEqual([]);
});

test.skipIf(isSkipped)('promtool finds nothing to say about the exposition', async () => {
  let agentSays = '';
  // First measurements are spread over seconds (sampler.ts); the processes are among the last.
  await until('the agent has measured processes', async () => {
    agentSays = await (await fetch(`${agent?.url}/metrics`)).text();
    return agentSays.includes('mailward_processes{software="postfix",service="master"}');
  });
  for (const input of [await expose(0), agentSays])
    expect(execFileSync(programAt('promtool'), ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
});

/** The `metrics` part of a configuration for this instance. */
function measured() {
  return { postfixDirectory: join(folder, 'etc'), ports: [smtpPort], dovecotStatsUrl: null, rspamd: null };
}

async function readAgent(): Promise<ExposedRow[]> {
  return parseExposition(await (await fetch(`${agent?.url}/metrics`)).text());
}

/** What Mailward states of this instance: the log from `fromByte` on, and the node as it is now. */
async function expose(fromByte: number): Promise<string> {
  const config = nodeMetricsConfigSchema.parse(measured());
  const metrics = createNodeMetrics(config, { clock: systemClock, log: pino({ level: 'silent' }) });
  try {
    const parser = createLineParser({ now: systemClock.now(), timeZone: 'UTC' });
    const log = (await readFile(join(folder, 'mail.log'))).subarray(fromByte).toString('utf8');
    for (const line of log.split('\n')) if (line !== '') metrics.observe(parser.parse(line), line);
    await metrics.collect();
    return await metrics.registry.metrics();
  } finally {
    await metrics.stop();
  }
}

async function measure(fromByte: number): Promise<ExposedRow[]> {
  return parseExposition(await expose(fromByte));
}

async function readExporter(): Promise<string> {
  const response = await fetch(exporterUrl).catch(() => undefined);
  return response === undefined ? '' : response.text();
}

async function readRows(): Promise<ExposedRow[]> {
  return parseExposition(await readExporter());
}

function typesOf(exposition: string): Map<string, string> {
  return new Map(
    [...exposition.matchAll(/^# TYPE (postfix_\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
}

/** The exporter's answer once it has read the log to its end: two answers in a row count the same lines. */
async function settledExporter(): Promise<ExposedRow[]> {
  const linesOf = (rows: readonly ExposedRow[]): number =>
    rows
      .filter(({ name }) => /_total$|_count$/.test(name) && name.startsWith('postfix_'))
      .reduce((sum, { value }) => sum + value, 0);
  let before = -1;
  let rows: ExposedRow[] = [];
  await until('the exporter has read the log', async () => {
    rows = await readRows();
    const lines = linesOf(rows);
    const isSettled = lines === before;
    before = lines;
    return isSettled;
  });
  return rows;
}

/** Every row of the exporter is ours too, with the same value. */
function compare(ours: readonly ExposedRow[], theirs: readonly ExposedRow[]): void {
  expect(theirs.filter(isCompared).length).toBeGreaterThan(100);
  expect(differences(ours, theirs)).toEqual([]);
}

function isCompared({ name }: ExposedRow): boolean {
  const family = name.replace(/_(bucket|sum|count)$/, '');
  return name.startsWith('postfix_') && !(name in knownFaults) && !(family in knownFaults);
}

/** Ours may have the instance as one more label. */
function differences(ours: readonly ExposedRow[], theirs: readonly ExposedRow[]): string[] {
  return theirs.filter(isCompared).flatMap(({ name, labels, value }) => {
    const wanted = name.startsWith('postfix_showq_') ? { ...labels, postfix_instance: 'postfix' } : labels;
    const own = rowValue(ours, name, wanted);
    return own === value ? [] : [`${name}${keyOf(labels)}: theirs ${value}, ours ${own}`];
  });
}

/** Bounds are numbers: `1e+06` and `1000000` are one. */
function keyOf(labels: Readonly<Record<string, string>>): string {
  const bound = (value: string): string => (value === '+Inf' ? value : String(Number(value)));
  return JSON.stringify(
    Object.entries(labels)
      .map(([name, value]) => [name, name === 'le' ? bound(value) : value])
      .sort(),
  );
}

function rowValue(rows: readonly ExposedRow[], name: string, labels: Readonly<Record<string, string>>): number {
  const row = rows.find((each) => each.name === name && keyOf(each.labels) === keyOf(labels));
  return row?.value ?? Number.NaN;
}

async function send(to: string, bytes: number): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, ignoreTLS: true });
  await transport.sendMail({
    from: 'sender@origin.test',
    to,
    subject: 'metrics',
    text: `${'x'.repeat(78)}\n`.repeat(Math.ceil(bytes / 79)),
  });
}

async function leaveAfter(command: string): Promise<void> {
  const socket = connect(smtpPort, '127.0.0.1');
  await once(socket, 'data');
  socket.write(`${command}\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

async function untilCount(file: string, text: string, count: number): Promise<void> {
  await untilLogSays(file, text, 20_000);
  await until(`${count} times "${text}"`, async () => (await readFile(file, 'utf8')).split(text).length > count);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endsAt = systemClock.monotonicMs() + 30_000;
  while (systemClock.monotonicMs() < endsAt) {
    if (await isSo()) return;
    await new Promise<void>((next) => systemClock.after(100, next));
  }
  throw new Error(`not so within 30 s: ${what}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Where a program is, or the empty text. */
function programAt(name: string): string {
  const folders = ['/usr/sbin', '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? '';
}
