import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Issued, joinTokenSchema, readNodeUri, readUri, trustLimits } from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { makeAuthority, makeKey, makeRequest } from '../../runtime/x509.ts';
import { createTrust, type Trust } from './trust.ts';
import { createTrustEvents } from './trust-events.ts';

const dayMs = 86_400_000;
let dataDir = '';
let now = Date.parse('2026-11-22T20:00:00Z');
let ticks: (() => void)[] = [];
const clock: Clock = {
  now: () => now,
  monotonicMs: () => now,
  after: () => () => {},
  every: (_periodMs, task) => {
    ticks.push(task);
    return () => {};
  },
};

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'mailward-trust-'));
  ticks = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const open = () =>
  createTrust(
    { dataDir, names: ['localhost', '127.0.0.1'], certificateMs: 30 * dayMs },
    {
      clock,
      events: createTrustEvents({ log: createLog({ process: 'test', level: 'silent' }), registry: new Registry() }),
    },
  );
async function joinAs(trust: Trust, node: string, token?: string, address = '192.0.2.1') {
  const { token: text } = token === undefined ? await trust.makeToken({ lifeMs: 60_000 }) : { token };
  const { secret } = joinTokenSchema.parse(text);
  return trust.join({ secret, node, request: await makeRequest(makeKey(), node) }, address);
}

test('what is secret is for its owner alone, and a token is nowhere on disk', async () => {
  const trust = await open();
  const { token } = await trust.makeToken({ lifeMs: 60_000 });
  const folder = join(dataDir, 'trust');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const secret = token.split('.')[1] ?? '';
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).mode & 0o777, name).toBe(name === 'authority.crt' ? 0o644 : 0o600);
    expect(readFileSync(join(folder, name), 'utf8'), name).not.toContain(secret);
  }
});

test('a node gets a certificate in its own name, whatever its request says', async () => {
  const trust = await open();
  const { secret } = joinTokenSchema.parse((await trust.makeToken({ lifeMs: 60_000 })).token);
  const request = await makeRequest(makeKey(), 'control');
  const issued = await trust.join({ secret, node: 'mx1', request }, '192.0.2.1');
  const certificate = new X509Certificate(issued.certificate);
  expect(readNodeUri(readUri(certificate.subjectAltName))).toBe('mx1');
  expect(issued.lifeMs).toBe(30 * dayMs);
  expect(certificate.validFromDate.getTime()).toBe(now - trustLimits.clockSkewMs);
  expect(trust.listCertificates()).toMatchObject([{ node: 'mx1', serial: certificate.serialNumber, state: 'good' }]);
});

test('a request that does not hold costs nothing: the token is good still', async () => {
  const trust = await open();
  const { token } = await trust.makeToken({ lifeMs: 60_000 });
  const { secret } = joinTokenSchema.parse(token);
  const wrong = trust.join({ secret, node: 'mx1', request: 'x' }, '192.0.2.1');
  await expect(wrong).rejects.toMatchObject({ code: 'bad-request' });
  expect((await joinAs(trust, 'mx1', token)).node).toBe('mx1');
});

test('two nodes with one token in the same moment: one of them joins', async () => {
  const trust = await open();
  const { token } = await trust.makeToken({ lifeMs: 60_000 });
  const ends = await Promise.allSettled([joinAs(trust, 'mx1', token), joinAs(trust, 'mx2', token)]);
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(trust.listCertificates()).toHaveLength(1);
});

test('more attempts from one address than are sensible wait for the next minute', async () => {
  const trust = await open();
  const wrong = () => joinAs(trust, 'mx1', `mwj1.${'x'.repeat(43)}.${'y'.repeat(43)}`);
  for (let attempt = 0; attempt < trustLimits.joinAttemptsPerMinuteMax; attempt++)
    await expect(wrong()).rejects.toMatchObject({ code: 'token-refused' });
  await expect(wrong()).rejects.toMatchObject({ code: 'too-many-attempts' });
  expect((await joinAs(trust, 'mx1', undefined, '192.0.2.2')).node).toBe('mx1');
  now += 60_000;
  await expect(wrong()).rejects.toMatchObject({ code: 'token-refused' });
});

test('a new start knows what was revoked and has a higher epoch, also with a clock that was set back', async () => {
  const first = await open();
  await joinAs(first, 'mx1');
  expect(await first.revoke({ node: 'mx1' })).toEqual({ certificates: 1, tokens: 0, connections: 0 });
  const command = (trust: Trust) =>
    trust.signCommand({ id: 'c', action: 'a', parameters: {}, node: 'mx1', lifeMs: 1000 });
  const { epoch } = command(first);
  now -= 3 * dayMs;
  const second = await open();
  expect(second.listCertificates()).toMatchObject([{ node: 'mx1', state: 'revoked' }]);
  expect(command(second).epoch).toBeGreaterThan(epoch);
  now += 3 * dayMs;
});

test("control's own certificate is new after two thirds of its life, without a new start", async () => {
  const trust = await open();
  const certificateNow = () => new X509Certificate(String(trust.tlsOptions().cert));
  const followed: unknown[] = [];
  trust.followServerCertificate((context) => followed.push(context.cert));
  const before = certificateNow();
  expect(before.subjectAltName).toBe('URI:mailward://control, DNS:localhost, IP Address:127.0.0.1');
  const tick = () => {
    for (const run of ticks) run();
  };
  now += 19 * dayMs;
  tick();
  expect(certificateNow().serialNumber).toBe(before.serialNumber);
  now += 2 * dayMs;
  tick();
  await expect.poll(() => followed.length).toBe(1);
  expect(certificateNow().serialNumber).not.toBe(before.serialNumber);
  now -= 21 * dayMs;
});

test('a certificate without its key stops control; authorities behind the first are trusted too', async () => {
  const first = await open();
  const folder = join(dataDir, 'trust');
  const wish = { keyPem: makeKey(), name: 'The one before', from: now - dayMs, until: now + dayMs };
  appendFileSync(join(folder, 'authority.crt'), await makeAuthority(wish));
  const second = await open();
  expect(second.certificates).toHaveLength(2);
  expect(second.certificates[0]).toBe(first.certificates[0]);
  expect((await joinAs(second, 'mx1')).authorities).toEqual(second.certificates);
  unlinkSync(join(folder, 'authority.key'));
  await expect(open()).rejects.toMatchObject({ code: 'missing' });
});

/** Control's end of a TLS connection on which a node shows what it was issued. */
async function connectAs(trust: Trust, issued: Issued, key: string) {
  const server = createServer(trust.tlsOptions());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'secureConnection');
  const { port } = server.address() as AddressInfo;
  const own = { key, cert: issued.certificate, ca: issued.authorities };
  const client = connect({ ...own, port, host: '127.0.0.1', servername: 'localhost' });
  const [socket] = (await accepted) as [TLSSocket];
  const end = () => {
    client.destroy();
    socket.destroy();
    server.close();
  };
  return { socket, end };
}
async function joinWithKey(trust: Trust, node: string) {
  const { secret } = joinTokenSchema.parse((await trust.makeToken({ lifeMs: 60_000 })).token);
  const key = makeKey();
  const issued = await trust.join({ secret, node, request: await makeRequest(key, node) }, '192.0.2.1');
  return { key, issued };
}

test('a ledger that is gone stops control, and a certificate that the ledger does not hold lets nobody in', async () => {
  now = Date.now();
  const first = await open();
  const file = join(dataDir, 'trust', 'ledger.json');
  const before = readFileSync(file);
  const { key, issued } = await joinWithKey(first, 'mx1');
  const known = await connectAs(first, issued, key);
  expect(first.peerOf(known.socket).node).toBe('mx1');
  known.end();
  unlinkSync(file);
  await expect(open()).rejects.toMatchObject({ code: 'missing', hint: expect.stringContaining('backup') });
  writeFileSync(file, before);
  const second = await open();
  const unknown = await connectAs(second, issued, key);
  expect(() => second.peerOf(unknown.socket)).toThrow(expect.objectContaining({ code: 'certificate-refused' }));
  unknown.end();
});

test('a certificate that is revoked while its renewal is made is not renewed', async () => {
  now = Date.now();
  const trust = await open();
  const { key, issued } = await joinWithKey(trust, 'mx1');
  const { socket, end } = await connectAs(trust, issued, key);
  const request = await makeRequest(makeKey(), 'mx1');
  const ends = await Promise.allSettled([trust.renew(socket, request), trust.revoke({ node: 'mx1' })]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(ends[0]).toMatchObject({ reason: { code: 'certificate-revoked' } });
  expect(trust.listCertificates().map(({ state }) => state)).toEqual(['revoked']);
  end();
});

test.each([
  ['', 'empty'],
  ['short', 'too short'],
])('an operator secret %j stops control, because it is %s', async (secret) => {
  await open();
  writeFileSync(join(dataDir, 'trust', 'operator.secret'), `${secret}\n`);
  await expect(open()).rejects.toMatchObject({ code: 'bad-config' });
});
