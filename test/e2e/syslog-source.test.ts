// Syslog over the network, from a real agent to a real control: every form, kill -9, and senders who mean harm.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompletenessWire } from '../../services/protocol/wire.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

let folder = '';
let control: RealProcess;
let agent: RealProcess;
let ports = { udp: 0, tcp: 0, tls: 0 };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-syslog-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const openssl = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '1'];
  execFileSync('openssl', [...openssl, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const listener = { port: 0 };
  const syslog = { udp: listener, tcp: listener, tls: { ...listener, cert, key } };
  const limits = { connectionsMax: 200, frameMs: 1000, idleMs: 60_000 };
  const config = {
    node: 'hub',
    files: [join(folder, 'none.log')],
    dataDir: join(folder, 'agent'),
    metrics: { port: 0 },
  };
  writeFileSync(join(folder, 'agent.yaml'), JSON.stringify({ ...config, syslog: { ...syslog, ...limits } }));
  control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
  await startAgent();
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

async function startAgent(): Promise<void> {
  agent = await startProcess('agent', ['--config', join(folder, 'agent.yaml'), '--control', control.url]);
  await expect.poll(() => agent.stderr(), { timeout: 10_000 }).toContain('syslog is taken');
  const said = agent
    .stderr()
    .split('\n')
    .find((line) => line.includes('syslog is taken'));
  ports = JSON.parse(said ?? '{}');
}

const message = (no: number, host = 'mx1') =>
  `<22>1 2026-11-22T10:00:00.${String(no).padStart(6, '0')}Z ${host} postfix/smtpd 7 - - connect from h${no}[192.0.2.1]`;
async function send(socket: Socket, text: string | Buffer): Promise<void> {
  if (!socket.write(text)) await once(socket, 'drain');
}
const close = async (socket: Socket) => {
  const closed = once(socket, 'close');
  socket.end();
  await closed;
};
async function readSources() {
  return ((await (await fetch(`${control.url}/api/v1/completeness`)).json()) as CompletenessWire).sources;
}
async function sums() {
  const sources = await readSources();
  const sum = (of: (source: (typeof sources)[number]) => number) =>
    sources.reduce((all, source) => all + of(source), 0);
  return {
    lines: sum(({ lines }) => lines),
    gaps: sum(({ gapBytes }) => gapBytes),
    unparsed: sum(({ unparsedLines }) => unparsedLines),
  };
}
const whole = (lines: number) =>
  expect.poll(sums, { timeout: 30_000, interval: 100 }).toEqual({ lines, gaps: 0, unparsed: 0 });
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${agent.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}
const refused = (transport: string, reason: string) =>
  expect.poll(() => metric(`mailward_agent_syslog_refused_total{transport="${transport}",reason="${reason}"}`), {
    timeout: 10_000,
  });

test('UDP, TCP with lines and with counts, TLS: many hosts in one stream', async () => {
  const udp = createSocket('udp4');
  for (let no = 0; no < 20; no++)
    await new Promise((sent) => udp.send(message(no, 'mx1'), ports.udp, '127.0.0.1', sent));
  udp.close();
  const tcp = connect(ports.tcp, '127.0.0.1');
  for (let no = 20; no < 40; no++) await send(tcp, `${message(no, 'mx2')}\n`);
  for (let no = 40; no < 60; no++) await send(tcp, `${message(no, 'mx3').length} ${message(no, 'mx3')}`);
  await send(tcp, '<22>Nov 22 10:00:01 mx4 postfix/smtpd[9]: connect from old[192.0.2.9]\n');
  await close(tcp);
  const tls = connectTls({ port: ports.tls, host: '127.0.0.1', rejectUnauthorized: false });
  await once(tls, 'secureConnect');
  for (let no = 60; no < 80; no++) await send(tls, `${message(no, 'mx5').length} ${message(no, 'mx5')}`);
  await close(tls);
  await whole(81);
  const [source] = await readSources();
  expect(source).toMatchObject({ node: 'hub', path: 'syslog' });
});

test('what is in the spool outlives kill -9 of either side, and is stored once', async () => {
  let sent = 0;
  const sendSome = async (count: number) => {
    const socket = connect(ports.tcp, '127.0.0.1');
    for (let no = 0; no < count; no++) await send(socket, `${message(sent++)}\n`);
    await close(socket);
    await expect.poll(() => metric('mailward_agent_spool_bytes')).toBeGreaterThan(0);
  };
  await sendSome(100);
  const { port } = control;
  await control.end('SIGKILL');
  for (let kill = 0; kill < 3; kill++) {
    const before = await metric('mailward_agent_spool_bytes').catch(() => 0);
    await sendSome(500);
    await expect.poll(() => metric('mailward_agent_spool_bytes')).toBeGreaterThan(before + 500 * 80);
    await agent.end('SIGKILL');
    await startAgent();
  }
  control = await startProcess('control', ['--port', String(port), '--data-dir', join(folder, 'control')]);
  await whole(1600);
});

test('oversized, half-open, slow, malformed and too many: refused, counted, and nobody else waits', async () => {
  const hostile: Socket[] = [];
  const open = (port = ports.tcp) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    hostile.push(socket);
    return socket;
  };
  open().write('99999999 <22>no such length');
  await refused('stream', 'malformed').toBe(1);
  open().write('<22>a message that never ends');
  open().write('100000 <22>');
  await refused('stream', 'slow').toBe(2);
  open(ports.tls).write('this is no handshake at all\n');
  await refused('stream', 'handshake').toBe(1);
  const large = open();
  for (let no = 0; no < 64; no++) await send(large, Buffer.alloc(64 * 1024, 120));
  await send(large, '\n');
  await expect.poll(() => metric('mailward_agent_syslog_cut_total')).toBe(1);
  const good = connect(ports.tcp, '127.0.0.1');
  await once(good, 'connect');
  for (let no = 0; no < 400; no++) open();
  await refused('stream', 'connections').toBeGreaterThan(190);
  const startedAt = performance.now();
  for (let no = 0; no < 1000; no++) await send(good, `${message(no)}\n`);
  await expect.poll(async () => (await sums()).lines, { timeout: 10_000, interval: 50 }).toBe(1001);
  expect(performance.now() - startedAt).toBeLessThan(8000);
  expect(await metric('process_resident_memory_bytes')).toBeLessThan(256 * 1024 * 1024);
  for (const socket of [...hostile, good]) socket.destroy();
  await expect.poll(() => metric('mailward_agent_syslog_connections'), { timeout: 10_000 }).toBe(0);
});
