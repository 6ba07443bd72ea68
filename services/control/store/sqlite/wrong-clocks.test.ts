// Machines whose clocks are wrong, and lines that claim any time they like.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBatch, readMs } from '../../../../test/contract/event-store-batches.ts';
import { messageLines, queueIdOf } from '../../../../test/contract/event-store-messages.ts';
import { tailLimits } from '../../../protocol/live.ts';
import { createCompletenessReader } from './completeness.ts';
import { createFlowReader } from './flow.ts';
import { createRemovalReader } from './removals.ts';
import { openForWriting } from './schema.ts';
import { createStoreWriter } from './store-writer.ts';
import { createStoryReader } from './story-reader.ts';

const clock = { now: () => readMs, monotonicMs: () => 0 };
const hourMs = 3_600_000;
const names = { from: 'a@from.example', to: 'b@to.example' };
const lineOf2099 =
  '2099-01-01T00:00:00+00:00 mx1 postfix/qmgr[1]: 4A1B2C3D4E: from=<a@b.example>, size=1, nrcpt=1 (queue active)';

let directory: string;
let db: DatabaseSync;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailward-clocks-'));
  db = openForWriting(join(directory, 'events.sqlite'));
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

const completenessOf = () => createCompletenessReader(db, createRemovalReader(db));
const flowOf = () => {
  const { load } = createStoryReader(db, completenessOf());
  return createFlowReader(db, { load, now: clock.now });
};

test.each(['2099-01-01T00:00:00', '2020-01-01T00:00:00'])(
  'bytes that are lost after a line of %s are missing from the hours in which they were lost',
  (stamp) => {
    const writer = createStoreWriter(db, clock);
    const wrong = makeBatch([`${stamp}+00:00 mx1 postfix/qmgr[1]: 4A1B2C3D4E: removed`]);
    const now = 'Nov 22 22:59:00 mx1 postfix/qmgr[1]: 5A1B2C3D4E: removed';
    const later = makeBatch([now], { firstOffset: wrong.raw.length + 5_000 });
    writer.ingest([wrong]);
    expect(writer.ingest([later])).toMatchObject([{ gapBytes: 5_000 }]);
    const { complete, sources } = completenessOf().read({ since: readMs - 2 * hourMs, until: readMs });
    expect(complete).toBe(false);
    expect(sources).toMatchObject([{ state: 'gap', gapBytes: 5_000 }]);
  },
);

test('bytes that are lost in front of a line of 2099 are missing from the hours in which they were lost', () => {
  const writer = createStoreWriter(db, clock);
  const first = makeBatch(['Nov 22 22:59:00 mx1 postfix/qmgr[1]: 5A1B2C3D4E: removed']);
  writer.ingest([first, makeBatch([lineOf2099], { firstOffset: first.raw.length + 5_000 })]);
  const { sources } = completenessOf().read({ since: readMs - 2 * hourMs, until: readMs });
  expect(sources).toMatchObject([{ gapBytes: 5_000, gaps: [{ until: expect.any(Number) }] }]);
  const inTenYears = readMs + 10 * 365 * 24 * hourMs;
  expect(completenessOf().read({ since: inTenYears, until: inTenYears }).sources).toMatchObject([{ gapBytes: 0 }]);
});

test('a message of 2099 in the queue hides none that stands there now', () => {
  const queued = messageLines({ at: 'Nov 22 22:00:00', queueId: queueIdOf(1), status: 'deferred', ...names });
  createStoreWriter(db, clock).ingest([makeBatch(queued)]);
  const before = flowOf().queue();
  expect(before.inQueue).toBe(1);
  createStoreWriter(db, clock).ingest([makeBatch([lineOf2099], { sourceId: 'wrong' })]);
  expect(flowOf().queue()).toEqual({ inQueue: 2, oldestQueuedAt: before.oldestQueuedAt });
});

test('agents whose clocks differ do not begin a second of the live tail with every batch', () => {
  let monotonicMs = 0;
  const writer = createStoreWriter(db, { now: clock.now, monotonicMs: () => monotonicMs });
  writer.setTails({ all: {} });
  const lines = Array.from({ length: tailLimits.linesPerSecond }, (_, no) =>
    messageLines({ at: 'Nov 22 22:00:00', queueId: queueIdOf(no), ...names }),
  ).flat();
  const put = (sourceId: string, at: number) => {
    const [report] = writer.ingest([makeBatch(lines, { sourceId, readMs: at })]);
    return report !== undefined && 'tails' in report ? report.tails?.all?.lines.length : undefined;
  };
  const carried = [put('a', readMs), put('b', readMs + 7_000), put('c', readMs), put('d', readMs + 7_000)];
  expect(carried).toEqual([tailLimits.linesPerSecond, 0, 0, 0]);
  monotonicMs = 1_000;
  expect(put('e', readMs)).toBe(tailLimits.linesPerSecond);
});

test('after a restart a message is still joined with its next hop, though a line claimed to be of 2099', () => {
  const relayed =
    'relay=hub.example.org[198.51.100.2]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B000000001)';
  const edge = [
    'Nov 22 22:00:01 edge postfix/cleanup[2]: A000000001: message-id=<hop@example.net>',
    `Nov 22 22:00:02 edge postfix/smtp[4]: A000000001: to=<b@example.org>, ${relayed}`,
    'Nov 22 22:00:02 edge postfix/qmgr[3]: A000000001: removed',
  ];
  const hub = ['Nov 22 22:00:02 hub postfix/cleanup[2]: B000000001: message-id=<hop@example.net>'];
  createStoreWriter(db, clock).ingest([makeBatch(edge, { node: 'edge' }), makeBatch([lineOf2099])]);
  createStoreWriter(db, clock).ingest([makeBatch(hub, { node: 'hub' })]);
  const whole = db.prepare('SELECT count(*) AS count FROM story WHERE merged_into IS NULL').get();
  expect(whole, 'the message, and that of 2099').toEqual({ count: 2 });
});
