import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../runtime/clock.ts';
import { issueCertificate, makeAuthority, makeKey, publicHalf } from '../../runtime/x509.ts';
import { type Identity, identityOf, readIdentity, writeIdentity } from './identity.ts';
import { createIdentityKeeper } from './identity-keeper.ts';

const dayMs = 86_400_000;
const start = Date.parse('2026-11-22T20:00:00Z');
/** A port that answers nobody: discard, which nothing listens on. */
const controlUrl = 'https://127.0.0.1:9';
const issued = { node: 'mx1', certificate: 'C1', authorities: ['A'], commandKey: 'K', lifeMs: 30 * dayMs };
let dataDir = '';
let now = start;
let tick = () => {};
let heard: [string, ...unknown[]][] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'mailward-identity-'));
  [now, heard] = [start, []];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const clock: Clock = {
  now: () => now,
  monotonicMs: () => now,
  after: () => () => {},
  every: (_periodMs, task) => {
    tick = task;
    return () => {};
  },
};
const events = {
  looked: () => heard.push(['looked']),
  renewed: () => heard.push(['renewed']),
  renewalFailed: (_error: unknown, leftMs: number, waitMs: number) => heard.push(['failed', leftMs, waitMs]),
  joinedAnew: (isTaken: boolean) => heard.push(['joined', isTaken]),
} as unknown as Parameters<typeof createIdentityKeeper>[2]['events'];
async function open(identity: Identity = identityOf(controlUrl, 'key', issued, start), url = controlUrl) {
  await writeIdentity(dataDir, identity);
  const options = { controlUrl: url, dataDir, connectionsMax: 1 };
  return createIdentityKeeper(identity, options, { clock, events, random: () => 0.5 });
}
async function look(): Promise<void> {
  const before = heard.length;
  tick();
  await expect.poll(() => heard.slice(before).some(([what]) => what === 'looked')).toBe(true);
}
const failures = () => heard.filter(([what]) => what === 'failed').map(([, leftMs, waitMs]) => [leftMs, waitMs]);

test('nothing is asked before two thirds of the life, then again after a tenth of what is left, and slowly once it is over', async () => {
  const keeper = await open();
  now = start + 20 * dayMs - 1;
  await look();
  expect(failures()).toEqual([]);
  now += 1;
  await look();
  await expect.poll(() => failures()).toEqual([[10 * dayMs, 3_600_000]]);
  now += 3_600_000 - 1;
  await look();
  expect(failures()).toHaveLength(1);
  now = start + 30 * dayMs - 60_000;
  await look();
  await expect.poll(() => failures()).toHaveLength(2);
  expect(failures()[1]).toEqual([60_000, 6000]);
  now = start + 30 * dayMs;
  await look();
  await expect.poll(() => failures()).toHaveLength(3);
  expect(failures()[2]).toEqual([0, 60_000]);
  keeper.stop();
});

test('a new join is taken while the agent runs; one under another name waits for a new start', async () => {
  const keeper = await open();
  let told = 0;
  keeper.follow(() => {
    told += 1;
  });
  const connections = keeper.connections();
  await writeIdentity(dataDir, identityOf(controlUrl, 'key2', { ...issued, certificate: 'C2' }, now));
  await look();
  expect([keeper.identity().certificate, told, keeper.connections() === connections]).toEqual(['C2', 1, false]);
  await writeIdentity(dataDir, identityOf(controlUrl, 'key3', { ...issued, node: 'mx2', certificate: 'C3' }, now));
  await look();
  await look();
  expect([keeper.identity().certificate, told]).toEqual(['C2', 1]);
  expect(heard.filter(([what]) => what === 'joined')).toEqual([
    ['joined', true],
    ['joined', false],
  ]);
  keeper.stop();
});

test('a join to another control waits for a new start too', async () => {
  const keeper = await open();
  await writeIdentity(dataDir, identityOf('https://127.0.0.1:10', 'key2', { ...issued, certificate: 'C2' }, now));
  await look();
  await look();
  expect(keeper.identity()).toMatchObject({ control: controlUrl, certificate: 'C1' });
  expect(heard.filter(([what]) => what === 'joined')).toEqual([['joined', false]]);
  keeper.stop();
});

test('a renewal does not write over what a join has written meanwhile', async () => {
  const [from, until] = [Date.now() - dayMs, Date.now() + dayMs];
  const authorityKeyPem = makeKey();
  const authorityPem = await makeAuthority({ keyPem: authorityKeyPem, name: 'Mailward authority', from, until });
  const key = makeKey();
  const { pem: certificate } = await issueCertificate({
    ...{ authorityPem, authorityKeyPem, publicKey: publicHalf(key), commonName: 'Mailward control', from, until },
    names: [{ type: 'url', value: 'mailward://control' }],
    usage: 'server',
  });
  const told = { ...issued, certificate, authorities: [authorityPem] };
  const joined = identityOf(controlUrl, key, { ...told, certificate: `${certificate}\n` }, start);
  const server = createServer({ key, cert: certificate }, (incoming, outgoing) => {
    incoming.resume();
    void writeIdentity(dataDir, joined).then(() => outgoing.end(JSON.stringify(told)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const keeper = await open(identityOf(controlUrl, key, told, start), `https://127.0.0.1:${port}`);
    now = start + 20 * dayMs;
    await look();
    await expect.poll(() => heard.some(([what]) => what === 'failed' || what === 'renewed')).toBe(true);
    expect(heard.some(([what]) => what === 'renewed')).toBe(false);
    expect((await readIdentity(dataDir))?.certificate).toBe(joined.certificate);
    await look();
    expect(keeper.identity().certificate).toBe(joined.certificate);
    keeper.stop();
  } finally {
    server.close();
  }
});

test('an identity that cannot be read is an error and no new beginning', async () => {
  expect(await readIdentity(dataDir)).toBeUndefined();
  await writeIdentity(dataDir, { node: 'mx1' } as Identity);
  await expect(readIdentity(dataDir)).rejects.toMatchObject({ code: 'bad-config' });
});

test('a trust folder that is a link to elsewhere gets no key', async () => {
  const elsewhere = join(dataDir, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(dataDir, 'trust'));
  const wrong = writeIdentity(dataDir, identityOf(controlUrl, 'key', issued, start));
  await expect(wrong).rejects.toMatchObject({ code: 'bad-config' });
  expect(readdirSync(elsewhere)).toEqual([]);
});
