import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../runtime/clock.ts';
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
  joinedAnew: (isSameNode: boolean) => heard.push(['joined', isSameNode]),
} as unknown as Parameters<typeof createIdentityKeeper>[2]['events'];
async function open(identity: Identity = identityOf(controlUrl, 'key', issued, start)) {
  await writeIdentity(dataDir, identity);
  const options = { controlUrl, dataDir, connectionsMax: 1 };
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
