// What every StateStore does, whatever it is made of. A driver is a function that opens a store in a directory.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createSqliteStateStore } from '../../services/control/state/sqlite-state-store.ts';
import type { StateStore } from '../../services/control/state/state-store.ts';
import type { HeardWord } from '../../services/fleet/failover.ts';
import type { AuditRecord, LeaseHistoryMessage } from '../../services/protocol/failover.ts';

type Open = (directory: string, entriesMax?: number) => Promise<StateStore>;
const failOnFault = (fault: unknown): void => {
  throw fault;
};
const drivers: ReadonlyArray<readonly [string, Open]> = [
  [
    'sqlite',
    (dataDir, entriesMax) =>
      createSqliteStateStore(
        { dataDir, ...(entriesMax === undefined ? {} : { entriesMax }) },
        { log: { error: failOnFault } },
      ),
  ],
];
const id = '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10';
const entryAt = (number: number) => ({
  ...{ number, time: 1000 * number, region: 'role', event: 'x', sentence: '', role: 'out', vote: 'voting', epoch: 0 },
});
const message = (node: string, numbers: readonly number[], startedAt = 0): LeaseHistoryMessage => ({
  ...{ node, group: 'mail', incarnation: id, startedAt },
  entries: numbers.map((number) => ({ ...entryAt(number), sentence: `${node} ${number}` })),
});
const record = (no: number, change: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ id: `a${no}`, at: 1000 * no, actor: 'operator', action: 'retime', target: id, node: 'mx1' },
  ...{ parameters: { leaseMs: 3000 }, reason: '', outcome: 'asked', detail: '' },
  ...change,
});

describe.each(drivers)('%s', (_name, open) => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  async function openStore(
    entriesMax?: number,
  ): Promise<{ store: StateStore; directory: string; reopen: () => Promise<StateStore> }> {
    const directory = await mkdtemp(join(tmpdir(), 'mailward-state-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const store = await open(directory, entriesMax);
    stops.push(store.stop);
    const reopen = async () => {
      await store.stop();
      const again = await open(directory, entriesMax);
      stops.push(again.stop);
      return again;
    };
    return { store, directory, reopen };
  }
  const read = async (store: StateStore, range: { before?: number; limit?: number } = {}) =>
    (await store.readEntries({ id, limit: 10, ...range })).map(({ node, number }) => `${node} ${number}`);

  test('entries are kept once, however often they come, and are there after a restart', async () => {
    const { store, reopen } = await openStore();
    await store.addEntries(message('mx1', [1, 2]));
    await store.addEntries(message('mx1', [1, 2, 3]));
    await store.addEntries(message('mx2', [2]));
    await store.addEntries(message('mx1', [1], 77));
    const again = await reopen();
    expect(await read(again)).toEqual(['mx1 3', 'mx2 2', 'mx1 2', 'mx1 1', 'mx1 1']);
    expect(await read(again, { before: 3000, limit: 2 })).toEqual(['mx2 2', 'mx1 2']);
    expect(await again.readEntries({ id: 'another', limit: 10 })).toEqual([]);
  });

  test('words are replaced by node, and none forgets it', async () => {
    const { store, reopen } = await openStore();
    const word = (node: string, heardAt: number) =>
      ({ node, heardAt, silence: '', version: '0.1.0', status: { incarnation: id } }) as HeardWord;
    await store.keepWords('mx1', [word('mx1', 1)]);
    await store.keepWords('mx2', [word('mx2', 2)]);
    await store.keepWords('mx1', [word('mx1', 3)]);
    await store.keepWords('mx2', []);
    expect(await (await reopen()).readWords()).toEqual([word('mx1', 3)]);
  });

  test('a record is written when it is asked, completed when it is answered for, and read the newest first', async () => {
    const { store, reopen } = await openStore();
    for (const no of [1, 2, 3]) await store.writeAudit(record(no));
    await store.writeAudit(record(2, { outcome: 'done' }));
    const again = await reopen();
    expect(await again.readAudit({ limit: 2 })).toEqual([record(3), record(2, { outcome: 'done' })]);
    expect(await again.readAudit({ before: 2000, limit: 2 })).toEqual([record(1)]);
  });

  test('what is too old goes by its class, what is too many goes the oldest first, and both are on record', async () => {
    const { store } = await openStore(3);
    await store.addEntries(message('mx1', [1, 2, 3, 4, 5, 6]));
    for (const no of [1, 5]) await store.writeAudit(record(no));
    const removals = await store.applyRetention({ failoverBefore: 3000, auditBefore: 2000 }, 9000);
    expect(removals.map(({ class: name, why, rows, since, until }) => [name, why, rows, since, until])).toEqual(
      expect.arrayContaining([
        ['failoverHistory', 'age', 2, 1000, 2000],
        ['failoverHistory', 'size', 1, 3000, 3000],
        ['auditActors', 'age', 1, 1000, 1000],
      ]),
    );
    expect(await read(store)).toEqual(['mx1 6', 'mx1 5', 'mx1 4']);
    expect((await store.readAudit({ limit: 9 })).map((kept) => kept.id)).toEqual(['a5']);
    expect((await store.readRemovals()).bytes).toBeGreaterThan(0);
  });

  test('too many entries go as they come, those that came first whatever their clock says', async () => {
    const { store } = await openStore(3);
    await store.addEntries({ ...message('mx1', [1]), entries: [{ ...entryAt(1), time: 9_000_000_000 }] });
    for (let no = 0; no < 51; no++)
      await store.addEntries(
        message(
          'mx2',
          Array.from({ length: 100 }, (_, at) => no * 100 + at + 1),
        ),
      );
    const kept = await store.readEntries({ id, limit: 6000 });
    expect(kept.length).toBeLessThan(5003);
    expect(kept.some(({ node }) => node === 'mx1')).toBe(false);
    expect((await store.readRemovals()).removals).toMatchObject([{ class: 'failoverHistory', why: 'size' }]);
    expect(await read(store, { limit: 1 })).toEqual(['mx2 5100']);
  });

  test('a control without lease groups makes no file and starts no thread', async () => {
    const { store, directory } = await openStore();
    expect([
      await store.readWords(),
      await store.readEntries({ id, limit: 1 }),
      await store.readAudit({ limit: 1 }),
    ]).toEqual([...[[], [], []]]);
    await store.keepWords('mx1', []);
    expect(await store.applyRetention({ failoverBefore: 9, auditBefore: 9 }, 9)).toEqual([]);
    expect(existsSync(join(directory, 'state.sqlite'))).toBe(false);
  });
});
