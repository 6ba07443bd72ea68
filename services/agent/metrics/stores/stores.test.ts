import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { domainsMax, foldQuotas } from './quota-sampler.ts';
import { createStoreSampler } from './store-sampler.ts';
import { createStoreWalk, sizeInName, storeWalkLimits } from './store-walk.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailward-store-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});
const never = new AbortController().signal;
const noProblem = (error: unknown): never => {
  throw error;
};

async function put(file: string, bytes: number): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), 'x'.repeat(bytes));
}

test('a message tells its size in its name', () => {
  expect(sizeInName('1795365004.M1P2.mx1,S=1234,W=1260:2,S')).toBe(1234);
  expect(sizeInName('1795365004.M1P2.mx1,S=1234')).toBe(1234);
  expect(sizeInName('dovecot-uidlist')).toBeUndefined();
});

test('bytes and files by domain, over steps that go on where the last one ended', async () => {
  await put('one.test/alice/cur/1.mx1,S=5000:2,S', 1);
  await put('one.test/alice/dovecot.index', 30);
  await put('one.test/bob/new/2.mx1', 70);
  await put('two.test/carol/cur/3.mx1', 10);
  await put('notes.txt', 3);
  const walk = createStoreWalk(root, { ...storeWalkLimits, entriesPerStepMax: 7 });
  let steps = 1;
  while (!(await walk.step(never))) steps++;
  expect(steps).toBeGreaterThan(2);
  expect(Object.fromEntries(walk.count() ?? [])).toEqual({
    'one.test': { bytes: 5100, files: 3 },
    'two.test': { bytes: 10, files: 1 },
    '': { bytes: 3, files: 1 },
  });
});

test('domains beyond the bound are counted together', async () => {
  for (const domain of ['a', 'b', 'c', 'd']) await put(`${domain}/user/1.mx1`, 10);
  const walk = createStoreWalk(root, { ...storeWalkLimits, domainsMax: 2 });
  while (!(await walk.step(never)));
  expect([...(walk.count()?.values() ?? [])].map(({ bytes }) => bytes).sort()).toEqual([10, 10, 20]);
  expect(walk.count()?.get('other')).toEqual({ bytes: 20, files: 2 });
});

test('a store is stated after its first full walk, and walked again only after its rest', async () => {
  await put('one.test/alice/1.mx1', 10);
  let now = 1_000_000;
  const config = { stores: [root, join(root, 'none')], cadenceMs: 1, limitMs: 1, restMs: 60_000 };
  const sampler = createStoreSampler(config, { now: () => now });
  const size = async () => (await sampler.sample(never, noProblem))[0]?.samples;
  expect(await size()).toEqual([{ labels: { store: root, domain: 'one.test' }, value: 10 }]);
  await put('one.test/alice/2.mx1', 5);
  now += 59_000;
  expect((await size())?.[0]?.value).toBe(10);
  now += 1_000;
  expect((await size())?.[0]?.value).toBe(15);
  await sampler.stop();
});

test('quotas are added up by domain and name no mailbox', () => {
  const head = 'Username\tQuota name\tType\tValue\tLimit\t%\n';
  const text = `${head}a@One.test\tUser quota\tSTORAGE\t95\t100\t95
a@One.test\tUser quota\tMESSAGE\t7\t-\t0
b@one.test\tUser quota\tSTORAGE\t120\t100\t120
c@two.test\tUser quota\tSTORAGE\t5\t-\t0
`;
  expect(Object.fromEntries(foldQuotas(text))).toEqual({
    'one.test': { mailboxes: 2, usedBytes: 215 * 1024, limitBytes: 200 * 1024, nearlyFull: 1, over: 1 },
    'two.test': { mailboxes: 1, usedBytes: 5 * 1024, limitBytes: 0, nearlyFull: 0, over: 0 },
  });
  const many = Array.from({ length: domainsMax + 10 }, (_, at) => `u@d${at}.test\tq\tSTORAGE\t1\t-\t0`).join('\n');
  expect(foldQuotas(head + many).get('other')?.mailboxes).toBe(10);
});
