// Joining, mutual TLS, renewal and revocation between real processes on loopback.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { io } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectionsPerNodeMax } from '../../services/control/trust/peers.ts';
import { batchHeaderName, encodeBatchEnvelope } from '../../services/protocol/ingest.ts';
import { agentNamespace, liveNamespace } from '../../services/protocol/live.ts';
import { trustLimits } from '../../services/protocol/trust.ts';
import { protocolVersion } from '../../services/protocol/version.ts';
import { issueCertificate, makeAuthority, makeKey, publicHalf } from '../../services/runtime/x509.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';
import { askTls, createTrustSite, runCommand, type TrustSite } from './trust-site.ts';

const inTime = { timeout: 40_000, interval: 100 };
const dayMs = 86_400_000;
let folder = '';
let log = '';
let site: TrustSite;
let written = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-trust-'));
  site = createTrustSite(folder);
  log = join(folder, 'mail.log');
  written = 0;
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

function writeLines(count: number): void {
  for (let no = 0; no < count; no++) {
    written += 1;
    appendFileSync(log, `${new Date().toISOString()} mx1 postfix/smtpd[1]: connect from h${written}[192.0.2.1]\n`);
  }
}
async function sums(control: RealProcess) {
  const { sources } = await site.readCompleteness(control);
  const sum = (of: (source: (typeof sources)[number]) => number) =>
    sources.reduce((all, source) => all + of(source), 0);
  return { lines: sum(({ lines }) => lines), gaps: sum(({ gapBytes }) => gapBytes) };
}
const metricsOf = async (agent: RealProcess): Promise<string> => (await fetch(`${agent.url}/metrics`)).text();
const batch = (node: string) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/zstd',
    [batchHeaderName]: encodeBatchEnvelope({
      ...{ protocolVersion, node, sourceId: 'a'.repeat(32), path: '/x', sequence: 0, firstOffset: 0, lastOffset: 4 },
      ...{ lines: 1, rawBytes: 4, cutBytes: 0, readMs: 0, timeZone: 'UTC' },
    }),
  },
  body: Buffer.from('none'),
});

test('a node joins with a token, and its lines arrive over mutual TLS; the key is its own', async () => {
  const control = await site.startControl();
  const token = await site.makeToken(control);
  const joined = await site.runJoin(control.url, token, 'mx1');
  expect([joined.stderr, joined.status]).toEqual(['', 0]);
  const file = join(site.dataDirOf('mx1'), 'trust', 'identity.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);

  writeLines(20);
  const agent = await site.startAgent('mx1', log);
  await expect.poll(() => sums(control), inTime).toEqual({ lines: 20, gaps: 0 });
  const { json } = await askTls(`${control.url}/api/v1/nodes`);
  expect(json.nodes).toMatchObject([{ node: 'mx1', state: 'up', mode: 'observe-only' }]);

  const [, secret = ''] = token.split('.');
  const key = (JSON.parse(readFileSync(file, 'utf8')) as { key: string }).key.split('\n')[1] ?? '';
  for (const text of [
    control.stderr(),
    readFileSync(join(site.dataDirOf('control'), 'trust', 'ledger.json'), 'utf8'),
  ]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(key);
  }
  expect(await agent.end('SIGTERM')).toBe(0);
  expect(await control.end('SIGTERM')).toBe(0);
});

test('a token that is used, over, for another node or wrong lets nobody in, nor does no token for a name that is taken', async () => {
  const control = await site.startControl();
  const used = await site.makeToken(control);
  expect((await site.runJoin(control.url, used, 'mx1')).status).toBe(0);
  const refusals: [string, string, RegExp][] = [
    [used, 'mx2', /has been used; each is good for one node/],
    [await site.makeToken(control, { node: 'mx3' }), 'mx2', /is for mx3, not for mx2/],
    [await site.makeToken(control), 'mx1', /mx1 has joined already.*token create --node mx1/],
    [used.replace(/\.[^.]+\./, `.${'x'.repeat(43)}.`), 'mx2', /unknown, revoked or over/],
  ];
  for (const [token, node, detail] of refusals) {
    const { status, stderr } = await site.runJoin(control.url, token, node, join(folder, 'none'));
    expect([stderr, status]).toEqual([expect.stringMatching(detail), 1]);
  }
  const brief = await site.makeToken(control, { lifeMs: 1000 });

  JSON.stringify((await site.operate(control, 'GET', '/tokens')).json).includes('"node":"mx4"');

  await expect
    .poll(async () => ((await site.operate(control, 'GET', '/tokens')).json.tokens as unknown[]).length, inTime)
    .toBe(2);
  expect((await site.runJoin(control.url, brief, 'mx2')).stderr).toMatch(/unknown, revoked or over/);
  expect((await site.runJoin(control.url, 'mwj1.short', 'mx2')).status).toBe(2);

  // The bound of attempts holds for the address, whatever is asked.
  const attempt = () =>
    askTls(`${control.url}/trust/v1/join`, { method: 'POST', body: { secret: 'x', node: 'mx9', request: 'x' } });
  const answers = [];
  for (let no = 0; no < trustLimits.joinAttemptsPerMinuteMax; no++) answers.push((await attempt()).json.code);
  expect(answers).toContain('too-many-attempts');
  const large = { secret: 'x', node: 'mx9', request: 'x'.repeat(trustLimits.requestBytesMax + 1) };
  expect((await askTls(`${control.url}/trust/v1/join`, { method: 'POST', body: large })).status).toBe(400);
});

test('who stands between node and control gets nothing: the fingerprint in the token tells them apart', async () => {
  const control = await site.startControl();
  const token = await site.makeToken(control);
  const [from, until] = [Date.now() - dayMs, Date.now() + dayMs];
  const authorityKeyPem = makeKey();
  const authorityPem = await makeAuthority({ keyPem: authorityKeyPem, name: 'Mailward authority', from, until });
  const key = makeKey();
  const own = await issueCertificate({
    ...{ authorityPem, authorityKeyPem, publicKey: publicHalf(key), commonName: 'Mailward control', from, until },
    names: [{ type: 'url', value: 'mailward://control' }],
    usage: 'server',
  });
  const real = (await askTls(`${control.url}/trust/v1/authority`)).json.certificates as string[];
  let shown = [authorityPem];
  const heard: string[] = [];
  const between = createServer({ key, cert: own.pem }, (incoming, outgoing) => {
    heard.push(`${incoming.method} ${incoming.url}`);
    outgoing.end(JSON.stringify({ certificates: shown }));
  });
  await new Promise<void>((done) => between.listen(0, '127.0.0.1', done));
  const url = `https://127.0.0.1:${(between.address() as AddressInfo).port}`;
  try {
    const first = await site.runJoin(url, token, 'mx1');
    expect([first.stderr, first.status]).toEqual([expect.stringMatching(/is not the control that made this token/), 1]);
    // The true authority is no secret, but whoever shows it cannot prove to be signed by it.
    shown = real;
    const second = await site.runJoin(url, token, 'mx1');
    expect([second.stderr, second.status]).toEqual([expect.stringMatching(/could not be asked/), 3]);
    expect(heard).toEqual(['GET /trust/v1/authority', 'GET /trust/v1/authority']);
  } finally {
    between.close();
  }
  expect((await site.runJoin(control.url, token, 'mx1')).status).toBe(0);
});

test('an agent without a certificate, with a foreign one, or for another node gets nowhere, and is counted', async () => {
  const control = await site.startControl();
  const other = await site.startControl(0, 30, 'other');
  await site.joinNode(control, 'mx1');
  const foreign = String((await site.operate(other, 'POST', '/tokens', {}, 'other')).json.token);
  expect((await site.runJoin(other.url, foreign, 'mx2')).status).toBe(0);

  const ask = async (node: string | undefined, path: string, question = {}) => {
    const tls = node === undefined ? {} : { tls: site.identityOf(node) };
    const { status, json } = await askTls(`${control.url}${path}`, { ...question, ...tls });
    return [status, json.code];
  };
  expect(await ask(undefined, '/ingest/v1/batches', batch('mx1'))).toEqual([401, 'certificate-needed']);
  expect(await ask(undefined, '/ingest/v1/offsets?node=mx1')).toEqual([401, 'certificate-needed']);
  expect(await ask(undefined, '/trust/v1/renew', { method: 'POST', body: { request: 'x' } })).toEqual([
    401,
    'certificate-needed',
  ]);
  expect(await ask('mx2', '/ingest/v1/batches', batch('mx2'))).toEqual([403, 'certificate-refused']);
  expect(await ask('mx1', '/ingest/v1/batches', batch('mx2'))).toEqual([403, 'wrong-node']);
  expect(await ask('mx1', '/ingest/v1/offsets?node=mx2')).toEqual([403, 'wrong-node']);
  expect(await ask('mx1', '/ingest/v1/offsets?node=mx1')).toEqual([200, undefined]);
  expect(await ask(undefined, '/api/v1/trust/tokens')).toEqual([403, 'forbidden']);
  expect(await ask('mx1', '/api/v1/trust/tokens')).toEqual([403, 'forbidden']);

  const greet = async (node: string | undefined, as: string, transports = ['websocket']): Promise<unknown> => {
    const { key, cert, ca } = node === undefined ? {} : site.identityOf(node);
    const tls = { key, cert, ca, rejectUnauthorized: false } as object;
    const socket = io(control.url + agentNamespace, { transports, reconnection: false, ...tls });
    try {
      await new Promise((done, fail) => socket.once('connect', () => done(undefined)).once('connect_error', fail));
      const hello = { protocolVersion, node: as, version: '0', mode: 'observe-only', startedMs: 0, pid: 1 };
      return await socket.emitWithAck('hello', { ...hello, metricsPort: 0, timeZone: 'UTC' });
    } finally {
      socket.disconnect();
    }
  };
  expect(await greet(undefined, 'mx1')).toMatchObject({ ok: false, code: 'certificate-needed' });
  expect(await greet('mx2', 'mx2')).toMatchObject({ ok: false, code: 'certificate-refused' });
  expect(await greet('mx1', 'mx2')).toMatchObject({ ok: false, code: 'wrong-node' });
  expect(await greet('mx1', 'mx1')).toMatchObject({ ok: true });
  expect(await greet('mx1', 'mx1', ['polling'])).toMatchObject({ ok: false, code: 'forbidden' });
  expect(await greet('mx1', 'mx1', ['polling', 'websocket'])).toMatchObject({ ok: false, code: 'forbidden' });

  // An agent that joined elsewhere does not speak to this control at all.
  const agent = await site.startAgent('mx2', log, ['--control', control.url]);
  await expect.poll(() => metricsOf(agent), inTime).toMatch(/^mailward_agent_request_retries_total [1-9]/m);
  expect(agent.stderr()).toMatch(/unable to verify|self-signed|certificate/);
  expect((await askTls(`${control.url}/api/v1/completeness`)).json.sources).toEqual([]);
  expect(control.stderr()).toContain('The certificate is of mx1, and it spoke for mx2');
  const metrics = (await askTls(`${control.url}/metrics`)).text;
  expect(metrics).toContain('mailward_ingest_refused_total{code="wrong-node"} 1\n');
  expect(metrics).toMatch(/^mailward_trust_refused_total\{code="certificate-needed"\} 1$/m);
});

test("a node's certificate opens neither the API nor the console's channel to who is no page of ours", async () => {
  const control = await site.startControl();
  await site.joinNode(control, 'mx1');
  const tls = site.identityOf('mx1');
  const asked = await askTls(`${control.url}/api/v1/nodes`, { tls, headers: { host: 'control.elsewhere.example' } });
  expect([asked.status, asked.json.code]).toEqual([403, 'forbidden']);
  const heard = async (namespace: string): Promise<unknown> => {
    const extraHeaders = { origin: 'https://elsewhere.example' };
    const how = { transports: ['websocket'], reconnection: false, extraHeaders, ...(tls as object) };
    const socket = io(control.url + namespace, how);
    const end = await new Promise((done) => socket.once('connect', () => done('let in')).once('connect_error', done));
    socket.disconnect();
    return end;
  };
  expect(await heard(agentNamespace)).toBe('let in');
  expect(await heard(liveNamespace)).toMatchObject({ data: { code: 'forbidden' } });
});

test('one node holds so many connections and no more: the oldest goes', async () => {
  const control = await site.startControl();
  await site.joinNode(control, 'mx1');
  const tls = { ...site.identityOf('mx1'), host: '127.0.0.1', port: control.port };
  let closed = 0;
  const open = () =>
    new Promise<Socket>((done, fail) => {
      const socket = connect(tls, () => socket.write('GET /ingest/v1/offsets?node=mx1 HTTP/1.1\r\nHost: x\r\n\r\n'));
      socket.once('data', () => done(socket)).once('error', fail);
      socket.once('close', () => {
        closed += 1;
      });
    });
  const sockets: Socket[] = [];
  for (let no = 0; no < connectionsPerNodeMax; no++) sockets.push(await open());
  expect(closed).toBe(0);
  sockets.push(await open());
  await expect.poll(() => sockets[0]?.closed, inTime).toBe(true);
  expect(closed).toBe(1);
  for (const socket of sockets) socket.destroy();
});

test('the commands: make a token, join, see the node, revoke it', async () => {
  const control = await site.startControl();
  const operator = ['--url', control.url, '--data-dir', site.dataDirOf('control')];
  const made = await runCommand(['token', 'create', '--node', 'mx1', '--for', '10m', '--json', ...operator]);
  const { token, id } = JSON.parse(made.stdout) as { token: string; id: string };
  expect((await runCommand(['token', 'list', ...operator])).stdout).toMatch(new RegExp(`^${id} +mx1 `, 'm'));
  const file = join(folder, 'token');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  const flags = ['--control', control.url, '--token-file', file, '--node', 'mx1', '--data-dir', site.dataDirOf('mx1')];
  const joined = await runCommand(['join', ...flags, '--json']);
  expect(JSON.parse(joined.stdout)).toMatchObject({ node: 'mx1', control: control.url });
  const shown = (await runCommand(['token', 'create', ...operator])).stdout;
  expect(shown).toMatch(/ {2}mwj1\.\S+\n/);
  expect(shown).toMatch(/mailward join --control \S+ --token-file -\n/);
  expect(shown).not.toContain('--token mwj1');
  expect(shown).toContain('listen.host');
  const again = String(
    JSON.parse((await runCommand(['token', 'create', '--node', 'mx1', '--json', ...operator])).stdout).token,
  );
  const byInput = ['join', '--control', control.url, '--token-file', '-', '--node', 'mx1'];
  expect(await runCommand([...byInput, '--data-dir', site.dataDirOf('mx1')], `${again}\n`)).toMatchObject({
    status: 0,
  });
  const unasked = await askTls(`${control.url}/api/v1/nodes/mx1`, { method: 'DELETE' });
  expect([unasked.status, unasked.json.code]).toEqual([403, 'forbidden']);
  const forgotten = await runCommand(['node', 'forget', 'mx1', ...operator]);
  expect([forgotten.stdout, forgotten.status]).toEqual(['No node mx1 is known.\n', 1]);
  const list = JSON.parse((await runCommand(['node', 'list', '--json', ...operator])).stdout);
  expect(list.nodes).toMatchObject([{ node: 'mx1', state: 'unknown', mode: 'observe-only' }]);
  expect((await runCommand(['certificate', 'list', ...operator])).stdout).toMatch(/^[0-9A-F]{32} +mx1 +good /m);
  const revoked = await runCommand(['node', 'revoke', 'mx1', ...operator]);
  expect([revoked.stdout, revoked.status]).toEqual([expect.stringMatching(/^mx1 is revoked: certificates 1,/), 0]);
  expect((await runCommand(['node', 'revoke', 'mx1', ...operator])).status).toBe(1);
  const plain = ['--url', control.url.replace('https:', 'http:'), '--data-dir', site.dataDirOf('control')];
  expect((await runCommand(['token', 'list', ...plain])).status).toBe(2);
  const unknown = await runCommand(['trace', 'x', '--url', control.url]);
  expect(unknown.stderr).toMatch(/not believed here.*NODE_EXTRA_CA_CERTS/);
  const stranger = await runCommand(['token', 'create', '--url', control.url, '--data-dir', join(folder, 'none')]);
  expect([stranger.stderr, stranger.status]).toEqual([expect.stringMatching(/operator\.secret cannot be read/), 3]);
});

test('a revoked node is out at once and stays out over a restart; joined anew, the running agent goes on', async () => {
  let control = await site.startControl(0, 0.001);
  await site.joinNode(control, 'mx1');
  writeLines(5);
  const agent = await site.startAgent('mx1', log);
  await expect.poll(() => sums(control), inTime).toEqual({ lines: 5, gaps: 0 });
  expect((await site.operate(control, 'DELETE', '/nodes/mx1')).json).toMatchObject({ certificates: 1 });
  const offsets = () => askTls(`${control.url}/ingest/v1/offsets?node=mx1`, { tls: site.identityOf('mx1') });
  expect((await offsets()).json.code).toBe('certificate-revoked');
  writeLines(5);
  await expect.poll(() => agent.stderr(), inTime).toMatch(/The certificate of mx1 has been revoked/);
  expect(await control.end('SIGKILL')).toBe(null);
  control = await site.startControl(control.port, 0.001);
  expect((await offsets()).json.code).toBe('certificate-revoked');
  expect(await sums(control)).toEqual({ lines: 5, gaps: 0 });

  await site.joinNode(control, 'mx1');
  await expect.poll(() => sums(control), inTime).toEqual({ lines: 10, gaps: 0 });
  await expect.poll(() => metricsOf(agent), inTime).toMatch(/^mailward_agent_control_connected 1$/m);
});

test('certificates are renewed on both sides while lines flow, and none is lost or doubled', async () => {
  const control = await site.startControl(0, 0.0001);
  await site.joinNode(control, 'mx1');
  const agent = await site.startAgent('mx1', log);
  const serialOf = () => site.identityOf('mx1').cert;
  const first = serialOf();
  const renewals = async () => {
    writeLines(10);
    return Number(/renewals_total\{result="renewed"\} (\d+)/.exec(await metricsOf(agent))?.[1] ?? 0);
  };
  await expect.poll(renewals, inTime).toBeGreaterThanOrEqual(2);
  await expect.poll(() => sums(control), inTime).toEqual({ lines: written, gaps: 0 });
  const { sources } = await site.readCompleteness(control);
  expect(sources.map(({ duplicateBatches }) => duplicateBatches)).toEqual([0]);
  expect(serialOf()).not.toBe(first);
  expect(control.stderr().split("control's own certificate is new").length).toBeGreaterThan(2);
  expect(agent.stderr()).not.toMatch(/not renewed/);
});

test('a certificate that is over is refused, and a connection that stood on it is closed', async () => {
  const control = await site.startControl(0, 0.00005);
  await site.joinNode(control, 'mx1');
  const tls = { ...site.identityOf('mx1'), host: '127.0.0.1', port: control.port };
  const socket = connect(tls, () => socket.write('GET /ingest/v1/offsets?node=mx1 HTTP/1.1\r\nHost: x\r\n\r\n'));
  const answer = await new Promise<Buffer>((done) => socket.once('data', done));
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
  const offsets = () => askTls(`${control.url}/ingest/v1/offsets?node=mx1`, { tls: site.identityOf('mx1') });
  await expect.poll(async () => (await offsets()).json.code, inTime).toBe('certificate-over');
  await expect.poll(() => socket.closed, inTime).toBe(true);
  const request = { method: 'POST', body: { request: 'x' }, tls: site.identityOf('mx1') };
  expect((await askTls(`${control.url}/trust/v1/renew`, request)).json.code).toBe('certificate-over');
});

test('beyond loopback control refuses to start without TLS, and an agent without an identity says what to do', async () => {
  await expect(startProcess('control', ['--host', '0.0.0.0', '--port', '0'])).rejects.toThrow(
    /status 2.*with TLS only.*--tls/s,
  );
  await expect(
    startProcess('agent', ['--control', 'https://192.0.2.1:7400', '--data-dir', join(folder, 'none')]),
  ).rejects.toThrow(/has not joined.*mailward join --control/s);
  await expect(startProcess('agent', ['--control', 'http://192.0.2.1:7400'])).rejects.toThrow(/loopback only/);
});
