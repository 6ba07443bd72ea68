// What every EventStore does, whatever it is made of. A driver is a function that opens a store in a directory.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import type { StoryQuery } from '../../services/protocol/api.ts';
import { batchLimits } from '../../services/protocol/ingest.ts';
import { tailLimits } from '../../services/protocol/live.ts';
import { type Batch, bodyOf, makeBatch, readMs } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

const failOnFault = (fault: unknown): void => {
  throw fault;
};
const drivers: ReadonlyArray<readonly [string, (directory: string) => Promise<EventStore>]> = [
  ['sqlite', (directory) => createSqliteEventStore({ dataDir: directory }, { log: { error: failOnFault } })],
];

describe.each(drivers)('%s', (_name, open) => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function openStore(): Promise<EventStore & { reopen: () => Promise<EventStore> }> {
    const directory = await mkdtemp(join(tmpdir(), 'mailward-store-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const store = await open(directory);
    stops.push(() => store.stop());
    const reopen = async (): Promise<EventStore> => {
      await store.stop();
      stops.splice(stops.length - 1, 1);
      const again = await open(directory);
      stops.push(() => again.stop());
      return again;
    };
    return { ...store, reopen };
  }

  const put = (store: EventStore, batch: Batch) => store.ingest(batch.envelope, bodyOf(batch));
  const ids = async (store: EventStore, query: StoryQuery): Promise<string[]> =>
    (await store.searchStories(query)).items.map((item) => item.queueIds[0] ?? '-');
  const everything = { since: 0, until: readMs };
  const readInOctober = Date.parse('2026-10-01T10:00:01Z');

  /** `count` messages, one a minute from 10:00 on, spread over senders, recipients and outcomes. */
  function someMessages(count: number): string[] {
    return Array.from({ length: count }, (_, at) => {
      const clock = new Date(Date.parse('2026-11-22T10:00:00Z') + at * 60_000).toISOString().slice(11, 19);
      const status = (['sent', 'deferred', 'bounced'] as const)[at % 3] ?? 'sent';
      const names = { from: `sender${at % 5}@from${at % 2}.example`, to: `person${at % 7}@to${at % 4}.example` };
      return messageLines({ at: `Nov 22 ${clock}`, queueId: queueIdOf(at), status, ...names });
    }).flat();
  }

  describe('ingest', () => {
    test('stores a batch once, however often it comes', async () => {
      const store = await openStore();
      const batch = makeBatch(someMessages(3));
      const first = await put(store, batch);
      expect(first.ack).toEqual({ result: 'stored', sourceId: 'mx1-log', lastOffset: batch.raw.length });
      expect(first.counts['delivery|postfix|smtp|sent']).toBe(1);
      expect(first.counts['delivery|postfix|smtp|deferred']).toBe(1);
      const again = await put(store, batch);
      expect(again).toEqual({ ack: { ...first.ack, result: 'duplicate' }, counts: {}, gapBytes: 0 });
      const [source] = (await store.readCompleteness(everything)).sources;
      expect(source).toMatchObject({ state: 'complete', lines: 14, duplicateBatches: 1, lastOffset: batch.raw.length });
      expect(await store.readOffsets('mx1')).toEqual([{ sourceId: 'mx1-log', lastOffset: batch.raw.length }]);
      expect((await store.searchStories({})).items).toHaveLength(3);
    });

    test('takes from an overlapping batch only what is new', async () => {
      const store = await openStore();
      const lines = someMessages(4);
      const first = makeBatch(lines.slice(0, 7));
      await put(store, first);
      const skipped = Buffer.byteLength(`${lines.slice(0, 3).join('\n')}\n`);
      const overlapping = makeBatch(lines.slice(3), { firstOffset: skipped });
      expect((await put(store, overlapping)).ack.result).toBe('stored');
      const { sources } = await store.readCompleteness(everything);
      expect(sources).toMatchObject([{ state: 'complete', lines: lines.length, gapBytes: 0 }]);
      const [item] = (await store.searchStories({ q: queueIdOf(0) })).items;
      const detail = await store.readStory(item?.id ?? '');
      expect(detail?.lines.map((line) => line.text)).toEqual(lines.slice(0, 5));
    });

    test('refuses an overlapping batch whose cut lines hide where its bytes belong', async () => {
      const store = await openStore();
      await put(store, makeBatch(someMessages(2)));
      const { envelope, raw } = makeBatch(someMessages(4));
      const cut = { envelope: { ...envelope, lastOffset: envelope.lastOffset + 99, cutBytes: 99 }, raw };
      await expect(put(store, cut)).rejects.toMatchObject({ code: 'out-of-sequence' });
    });

    test('reports a gap, and closes it when the missing bytes come', async () => {
      const store = await openStore();
      const lines = someMessages(6);
      const [first, missing, last] = [lines.slice(0, 9), lines.slice(9, 19), lines.slice(19)];
      const firstBatch = makeBatch(first);
      const gap = Buffer.byteLength(`${missing.join('\n')}\n`);
      await put(store, firstBatch);
      const late = makeBatch(last, { firstOffset: firstBatch.envelope.lastOffset + gap });
      expect((await put(store, late)).gapBytes).toBe(gap);
      const holed = await store.readCompleteness(everything);
      expect(holed).toMatchObject({ complete: false, sources: [{ state: 'gap', gapBytes: gap }] });
      expect(holed.sentence).toBe(`${gap} bytes of log are missing from mx1.`);
      expect(holed.sources[0]?.gaps).toHaveLength(1);
      const before = await store.readCompleteness({ since: 0, until: Date.parse('2026-11-22T10:00:30Z') });
      expect(before).toMatchObject({ complete: true, sentence: 'Complete.' });
      await put(store, makeBatch(missing, { firstOffset: firstBatch.envelope.lastOffset }));
      expect(await store.readCompleteness(everything)).toMatchObject({
        complete: true,
        sources: [{ lines: lines.length }],
      });
    });

    test('a file that a rotation put away is no log that fell silent; one that nothing follows is', async () => {
      const store = await openStore();
      const lines = ['Nov 22 10:00:00 mx1 postfix/qmgr[1]: 4A1B2C3D4E: removed'];
      const later = ['Nov 22 12:00:00 mx1 postfix/qmgr[1]: 5A1B2C3D4E: removed'];
      const putAs = (batch: Batch, path: string) => put(store, { ...batch, envelope: { ...batch.envelope, path } });
      await putAs(makeBatch(lines, { sourceId: 'old' }), '/var/log/mail.log.1');
      await putAs(makeBatch(lines, { sourceId: 'silent' }), '/var/log/dovecot.log');
      await putAs(makeBatch(later, { sourceId: 'new' }), '/var/log/mail.log');
      const { sources } = await store.readCompleteness({ since: Date.parse('2026-11-22T11:00Z'), until: readMs });
      expect(sources.map(({ sourceId, state }) => [sourceId, state])).toEqual([
        ['new', 'complete'],
        ['silent', 'unknown'],
      ]);
    });

    test('says what the log daemon itself dropped, and counts what it does not understand', async () => {
      const store = await openStore();
      await put(
        store,
        makeBatch([
          'Nov 22 10:00:00 mx1 systemd-journald[300]: Suppressed 4711 messages from postfix@-.service',
          'Nov 22 10:00:01 mx1 postfix/smtpd[100]: a line that nobody has ever seen',
          '\u0000\u0001 no log line at all',
        ]),
      );
      const { complete, sentence, sources } = await store.readCompleteness(everything);
      expect(complete).toBe(false);
      expect(sentence).toBe('The log daemon itself dropped 4711 messages on mx1.');
      expect(sources[0]).toMatchObject({ state: 'suppressed', suppressedMessages: 4711, lines: 3 });
      expect(sources[0]?.unparsedLines).toBeGreaterThanOrEqual(1);
    });

    test('refuses bodies that are not what their envelope says', async () => {
      const store = await openStore();
      const { envelope, raw } = makeBatch(someMessages(1));
      await expect(store.ingest(envelope, new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'bad-request' });
      const short = { envelope: { ...envelope, rawBytes: raw.length - 1 }, raw };
      await expect(put(store, short)).rejects.toMatchObject({ code: 'bad-request' });
      const backwards = { envelope: { ...envelope, firstOffset: 500_000 }, raw };
      await expect(put(store, backwards)).rejects.toMatchObject({ code: 'bad-request' });
      const bomb = { envelope, raw: Buffer.alloc(batchLimits.rawBytesMax + 1, 10) };
      await expect(put(store, bomb)).rejects.toMatchObject({ code: 'too-large' });
      expect((await put(store, { envelope, raw })).ack.result).toBe('stored');
    });

    test('carries tails, each filtered and bounded by itself', async () => {
      const store = await openStore();
      const lines = someMessages(300);
      expect((await put(store, makeBatch(lines.slice(0, 5)))).tails).toBeUndefined();
      store.setTails({ bounced: { kinds: ['delivery'], text: 'STATUS=bounced' }, other: { node: 'mx9' } });
      const firstOffset = Buffer.byteLength(`${lines.slice(0, 5).join('\n')}\n`);
      const some = await put(store, makeBatch(lines.slice(5, 50), { firstOffset, readMs: readMs + 1000 }));
      expect(Object.keys(some.tails ?? {})).toEqual(['bounced']);
      expect(some.tails?.bounced?.lines.length).toBeGreaterThan(1);
      expect(some.tails?.bounced?.lines.every((line) => line.text.includes('status=bounced'))).toBe(true);
      store.setTails({ all: {}, some: { domain: 'TO1.example', kinds: ['delivery'] } });
      const rest = makeBatch(lines.slice(50), { firstOffset: some.ack.lastOffset, readMs: readMs + 2000 });
      const all = await put(store, rest);
      expect(all.tails?.all?.lines).toHaveLength(tailLimits.linesPerSecond);
      expect(all.tails?.all?.skipped).toBe(lines.length - 50 - tailLimits.linesPerSecond);
      const mine = lines.slice(50).filter((line) => line.includes('to=<') && line.includes('@to1.example'));
      expect(all.tails?.some).toMatchObject({ skipped: 0 });
      expect(all.tails?.some?.lines.map((line) => line.text)).toEqual(mine);
      store.setTails({});
    });
  });

  describe('the search language', () => {
    let store: EventStore;
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'mailward-store-'));
      store = await open(directory);
      await put(store, makeBatch(someMessages(8)));
    });
    afterAll(async () => {
      await store.stop();
      await rm(directory, { recursive: true, force: true });
    });

    test.each([
      ['a queue id', queueIdOf(4), [queueIdOf(4)]],
      ['a queue id in lower case', queueIdOf(4).toLowerCase(), [queueIdOf(4)]],
      ['a message id', `<${queueIdOf(3)}@example.net>`, [queueIdOf(3)]],
      ['a message id without brackets', `${queueIdOf(3)}@example.net`, [queueIdOf(3)]],
      ['an address, whatever its case', 'Person1@TO1.example', [queueIdOf(1)]],
      ['a sender', 'from:sender3@from1.example', [queueIdOf(3)]],
      ['a domain', 'to2.example', [queueIdOf(6), queueIdOf(2)]],
      ['a domain with @', '@to2.example', [queueIdOf(6), queueIdOf(2)]],
      ['a domain word', 'domain:from1.example', [queueIdOf(7), queueIdOf(5), queueIdOf(3), queueIdOf(1)]],
      ['a recipient domain', 'to:to3.example', [queueIdOf(7), queueIdOf(3)]],
      ['a fate', 'fate:bounced', [queueIdOf(5), queueIdOf(2)]],
      ['words that must all match', 'from:from1.example to:@to1.example fate:bounced', [queueIdOf(5)]],
      ['a node and a fate', 'node:mx1 fate:deferred', [queueIdOf(7), queueIdOf(4), queueIdOf(1)]],
      ['a node that has nothing', 'node:mx9', []],
      ['what nobody has', 'nobody@nowhere.example', []],
      ['nothing', '', [7, 6, 5, 4, 3, 2, 1, 0].map(queueIdOf)],
    ])('finds %s', async (_what, q, expected) => {
      expect(await ids(store, { q })).toEqual(expected);
    });

    test('keeps to the time that is asked for, to the millisecond', async () => {
      const since = Date.parse('2026-11-22T10:02:00Z');
      const until = Date.parse('2026-11-22T10:04:00Z');
      expect(await ids(store, { since, until })).toEqual([4, 3, 2].map(queueIdOf));
      expect(await ids(store, { since: since + 1, until, fate: 'bounced' })).toEqual([]);
      expect(await ids(store, { since, until, q: 'to2.example' })).toEqual([queueIdOf(2)]);
    });

    test.each([
      { q: 'fate:lost', code: 'bad-query' },
      { q: 'from:', code: 'bad-query' },
      { q: 'a b c d e f g h i', code: 'bad-query' },
    ])('says what is wrong with "$q"', async ({ q, code }) => {
      await expect(store.searchStories({ q })).rejects.toMatchObject({ code });
    });
  });

  describe('search', () => {
    test('finds a message by the trace of its sender, and by the user who sent it', async () => {
      const store = await openStore();
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      await put(
        store,
        makeBatch([
          'Nov 22 10:00:01 mx1 postfix/submission/smtpd[100]: A000000001: client=client.example.net[192.0.2.10], sasl_method=PLAIN, sasl_username=alice',
          'Nov 22 10:00:01 mx1 postfix/cleanup[101]: A000000001: message-id=<traced@example.net>',
          `Nov 22 10:00:01 mx1 postfix/cleanup[101]: A000000001: info: header traceparent: 00-${trace}-00f067aa0ba902b7-01 from client.example.net[192.0.2.10]; from=<alice@example.net> to=<bob@example.org> proto=ESMTP helo=<client>`,
        ]),
      );
      for (const q of [trace, `00-${trace}-00f067aa0ba902b7-01`, trace.toUpperCase(), 'alice'])
        expect(await ids(store, { q }), q).toEqual(['A000000001']);
      const [item] = (await store.searchStories({ q: trace })).items;
      expect((await store.readStory(item?.id ?? ''))?.story.traceId).toBe(trace);
    });

    test('gives page after page, each story once, the newest first', async () => {
      const store = await openStore();
      const lines = someMessages(95);
      // Commit by commit, so that the lookup lies in many parts.
      let firstOffset = 0;
      for (let at = 0; at < lines.length; at += 11) {
        const batch = makeBatch(lines.slice(at, at + 11), { firstOffset });
        firstOffset = batch.envelope.lastOffset;
        await put(store, batch);
      }
      for (const query of [{}, { q: 'from0.example' }, { fate: 'deferred' as const }]) {
        const whole = (await store.searchStories({ ...query, limit: 200 })).items;
        const pages: typeof whole = [];
        let cursor: string | undefined;
        do {
          const page = await store.searchStories({ ...query, limit: 7, ...(cursor === undefined ? {} : { cursor }) });
          pages.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor !== undefined && pages.length < 500);
        expect(pages).toEqual(whole);
        expect(new Set(whole.map((item) => item.id)).size).toBe(whole.length);
        const times = whole.map((item) => item.firstSeenAt);
        expect(times).toEqual([...times].sort((a, b) => b - a));
      }
      expect((await store.searchStories({ limit: 200 })).items).toHaveLength(95);
      await expect(store.searchStories({ cursor: '../../etc' })).rejects.toMatchObject({ code: 'bad-cursor' });
    });

    test('follows a story whose fate changes', async () => {
      const store = await openStore();
      const message = { at: 'Nov 22 10:00:00', queueId: queueIdOf(1), from: 'a@from.example', to: 'b@to.example' };
      const waiting = makeBatch(messageLines({ ...message, status: 'deferred' }));
      await put(store, waiting);
      expect(await ids(store, { q: 'fate:deferred' })).toHaveLength(1);
      expect(await store.readQueue()).toEqual({ inQueue: 1, oldestQueuedAt: Date.parse('2026-11-22T10:00:00Z') });
      const done = messageLines({ ...message, at: 'Nov 22 11:00:00' }).slice(3);
      await put(store, makeBatch(done, { firstOffset: waiting.envelope.lastOffset }));
      expect(await ids(store, { q: 'fate:deferred' })).toEqual([]);
      expect(await ids(store, { q: 'fate:delivered to:b@to.example' })).toEqual([queueIdOf(1)]);
      expect(await store.readQueue()).toEqual({ inQueue: 0 });
    });
  });

  describe('stories', () => {
    test('come with their raw lines as they were written, each with its leg', async () => {
      const store = await openStore();
      const strange =
        'Nov 22 10:00:09 mx1 postfix/smtp[104]: A000000000: to=<b@to.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (said \u001b[31mred\u001b[0m <b>bold</b> ünïcode)';
      const lines = [...someMessages(1).slice(0, 3), strange];
      await put(store, makeBatch(lines));
      const [item] = (await store.searchStories({ q: queueIdOf(0) })).items;
      const detail = await store.readStory(item?.id ?? '');
      expect(detail?.lines.map(({ text, leg, node }) => ({ text, leg, node }))).toEqual(
        lines.map((text) => ({ text, leg: 0, node: 'mx1' })),
      );
      expect(detail).toMatchObject({ linesOmitted: 0, completeness: { complete: true } });
    });

    test('join across nodes in either order, and the number of each part leads to the whole', async () => {
      const store = await openStore();
      const queued =
        'relay=hub.example.org[198.51.100.2]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B000000001)';
      const hub = [
        'Nov 22 10:00:02 hub postfix/smtpd[1]: B000000001: client=edge[198.51.100.1]',
        'Nov 22 10:00:02 hub postfix/cleanup[2]: B000000001: message-id=<hop@example.net>',
        'Nov 22 10:00:02 hub postfix/qmgr[3]: B000000001: from=<a@example.net>, size=1, nrcpt=1 (queue active)',
      ];
      const edge = [
        'Nov 22 10:00:01 edge postfix/cleanup[2]: A000000001: message-id=<hop@example.net>',
        `Nov 22 10:00:02 edge postfix/smtp[4]: A000000001: to=<b@example.org>, ${queued}`,
        'Nov 22 10:00:02 edge postfix/qmgr[3]: A000000001: removed',
      ];
      await put(store, makeBatch(edge.slice(0, 1), { node: 'edge' }));
      const part = (await store.searchStories({ q: 'A000000001' })).items[0];
      await put(store, makeBatch(hub, { node: 'hub' }));
      const other = (await store.searchStories({ q: 'B000000001' })).items[0];
      const rest = { node: 'edge', firstOffset: Buffer.byteLength(`${edge[0]}\n`) };
      await put(store, makeBatch(edge.slice(1), rest));
      const whole = (await store.searchStories({ q: '<hop@example.net>' })).items;
      expect(whole).toHaveLength(1);
      expect(whole[0]).toMatchObject({
        queueIds: ['A000000001', 'B000000001'],
        nodes: ['edge', 'hub'],
        fate: 'in-transit',
      });
      for (const id of [part?.id, other?.id]) {
        expect((await store.readStory(id ?? ''))?.story.legs.map((leg) => leg.node)).toEqual(['edge', 'hub']);
      }
    });

    test('are nothing where there is none', async () => {
      const store = await openStore();
      for (const id of ['', 's1', 'szzzzzzzzzz', "s1'; DROP TABLE story", '..'])
        expect(await store.readStory(id)).toBeUndefined();
    });
  });

  test('keeps all of it over a restart, and goes on where it stopped', async () => {
    const store = await openStore();
    const lines = someMessages(30);
    const batch = makeBatch(lines.slice(0, 70));
    await put(store, batch);
    const before = await store.searchStories({ limit: 200 });
    const again = await store.reopen();
    expect((await again.searchStories({ limit: 200 })).items).toEqual(before.items);
    expect((await put(again, batch)).ack.result).toBe('duplicate');
    await put(again, makeBatch(lines.slice(70), { firstOffset: batch.envelope.lastOffset }));
    expect((await again.searchStories({ limit: 200 })).items).toHaveLength(30);
    const straddling = await ids(again, { q: queueIdOf(15) });
    expect(straddling).toEqual([queueIdOf(15)]);
  });

  describe('figures', () => {
    test('count what happened in each step, by node', async () => {
      const store = await openStore();
      await put(store, makeBatch(someMessages(6)));
      await put(
        store,
        makeBatch(
          messageLines({ at: 'Nov 22 10:01:00', queueId: queueIdOf(99), from: 'a@b', to: 'c@d', node: 'mx2' }),
          { node: 'mx2' },
        ),
      );
      const since = Date.parse('2026-11-22T10:00:00Z');
      const { all, byNode } = await store.readFlow({ since, until: since + 239_999, stepMs: 120_000 });
      expect(all).toEqual([
        { time: since, lines: 14, accepted: 3, delivered: 2, deferred: 1, bounced: 0, rejected: 0 },
        { time: since + 120_000, lines: 10, accepted: 2, delivered: 1, deferred: 0, bounced: 1, rejected: 0 },
      ]);
      expect(byNode.mx2?.map((point) => point.delivered)).toEqual([1, 0]);
      await expect(store.readFlow({ since: 0, until: readMs, stepMs: 60_000 })).rejects.toMatchObject({
        code: 'bad-request',
      });
    });
  });

  test('an interval that retention took is no gap, and no answer about all times is the less complete for it', async () => {
    const store = await openStore();
    const dayMs = 86_400_000;
    const oldDay = Date.parse('2026-10-01T10:00:00Z');
    const oldLines = messageLines({
      at: 'Oct  1 10:00:00',
      queueId: queueIdOf(500),
      from: 'a@from.example',
      to: 'b@to.example',
    });
    await put(store, makeBatch(oldLines, { sourceId: 'old', readMs: readInOctober }));
    await put(store, makeBatch(someMessages(4), { sourceId: 'young' }));
    const before = Date.parse('2026-11-01T00:00:00Z');
    await store.applyRetention({ linesBefore: before, storiesBefore: before }, readMs);
    const over = (since: number, until: number) => store.readCompleteness({ since, until });
    const old = await over(oldDay - dayMs, oldDay + dayMs);
    expect(old.complete).toBe(false);
    expect(old.sources.map(({ sourceId, state }) => [sourceId, state])).toEqual([['young', 'unknown']]);
    expect(old.sentence).toMatch(
      /^Lines before 2026-10-01T10:00:.* were removed by retention\. No log lines are stored/,
    );
    expect(old.removedUntil).toBeGreaterThanOrEqual(oldDay);
    const young = await over(before, readMs);
    expect(young).toMatchObject({ complete: true, sentence: 'Complete.', sources: [{ sourceId: 'young' }] });
    expect(young.removedUntil).toBeUndefined();
    expect((await store.searchStories({})).completeness).toMatchObject({ complete: true });
    // The sums that stand with a source are those of what is kept.
    const all = await over(0, readMs);
    expect(all.sources.map(({ sourceId, lines }) => [sourceId, lines])).toEqual([['young', someMessages(4).length]]);
    // Half a year on, the source itself is forgotten: the same file would be read anew.
    await put(store, makeBatch(someMessages(1), { sourceId: 'last' }));
    await store.applyRetention({ linesBefore: before + 40 * dayMs }, readMs + 1);
    const known = (await store.readOffsets('mx1')).map(({ sourceId }) => sourceId).sort();
    expect(known).toEqual(['last', 'young']);
  });

  test('a story never shows the lines of another in the place of its own that retention took', async () => {
    const store = await openStore();
    await put(store, makeBatch(someMessages(2), { sourceId: 'young' }));
    const names = { from: 'old@from.example', to: 'b@to.example' };
    const old = messageLines({ at: 'Oct  1 10:00:00', queueId: queueIdOf(500), ...names });
    await put(store, makeBatch(old, { sourceId: 'brought later', readMs: readInOctober }));
    await store.applyRetention({ linesBefore: Date.parse('2026-11-01T00:00:00Z') }, readMs);
    const again = await store.reopen();
    await put(again, makeBatch(someMessages(3), { sourceId: 'younger' }));
    const [item] = (await again.searchStories({ q: queueIdOf(500) })).items;
    const detail = await again.readStory(item?.id ?? '');
    expect(detail?.lines.filter(({ text }) => !old.includes(text))).toEqual([]);
  });

  test('lines that retention took do not come back with the next ones of their file', async () => {
    const store = await openStore();
    const names = { from: 'old@from.example', to: 'b@to.example' };
    const old = messageLines({ at: 'Oct  1 10:00:00', queueId: queueIdOf(500), ...names });
    const first = makeBatch(old, { readMs: readInOctober });
    await put(store, first);
    await put(store, makeBatch(someMessages(1), { sourceId: 'young' }));
    const before = Date.parse('2026-11-01T00:00:00Z');
    const october = { since: before - 40 * 86_400_000, until: before, timeZone: 'UTC', rows: 10 };
    expect((await store.readReport(october)).totals.received).toBe(1);
    await store.applyRetention({ linesBefore: before }, readMs);
    await put(store, makeBatch(someMessages(2), { firstOffset: first.envelope.lastOffset }));
    expect((await store.readReport(october)).totals.received).toBe(0);
  });

  test('above its bound the store gives up the oldest lines with their stories, and as little as that takes', async () => {
    const store = await openStore();
    const noise = (day: number) =>
      Array.from({ length: 400 }, (_, no) => {
        const queueId = queueIdOf(day * 1_000 + no);
        const bytes = createHash('sha512').update(queueId).digest('hex');
        return messageLines({ at: `Nov ${day} 10:00:00`, queueId, from: `${bytes}@from.example`, to: 'b@to.example' });
      }).flat();
    for (let day = 10; day < 20; day += 1) await put(store, makeBatch(noise(day), { sourceId: `day${day}` }));
    const { bytes } = await store.readRemovals();
    expect(await store.applyRetention({ bytesMax: bytes }, readMs)).toEqual([]);
    const bytesMax = Math.floor(bytes * 0.6);
    const removals = await store.applyRetention({ bytesMax }, readMs + 1);
    expect(removals.map((removal) => [removal.class, removal.why]).sort()).toEqual([
      ['lines', 'size'],
      ['stories', 'size'],
    ]);
    const left = (await store.readRemovals()).bytes;
    expect(left).toBeLessThanOrEqual(bytesMax);
    expect(await ids(store, { q: queueIdOf(10_000) })).toEqual([]);
    expect(await ids(store, { q: queueIdOf(19_000) })).toEqual([queueIdOf(19_000)]);
    const { sentence } = await store.readCompleteness({ since: Date.parse('2026-11-09T00:00:00Z'), until: readMs });
    expect(sentence).toMatch(/^Lines before 2026-11-1.* were removed by retention\.$/);
    expect(await store.applyRetention({ bytesMax }, readMs + 2)).toEqual([]);
  });

  test('retention deletes by age, says how much, and leaves the rest whole', async () => {
    const store = await openStore();
    const old = messageLines({
      at: 'Oct  1 10:00:00',
      queueId: queueIdOf(500),
      from: 'old@from.example',
      to: 'b@to.example',
    });
    const batch = makeBatch(old, { readMs: readInOctober });
    await put(store, batch);
    await put(store, makeBatch(someMessages(4), { sourceId: 'younger' }));
    const before = Date.parse('2026-11-01T00:00:00Z');
    const [lines] = await store.applyRetention({ linesBefore: before }, readMs);
    expect(lines).toMatchObject({ class: 'lines', why: 'age', rows: 5, at: readMs });
    const [item] = (await store.searchStories({ q: queueIdOf(500) })).items;
    expect(await store.readStory(item?.id ?? '')).toMatchObject({ lines: [], linesOmitted: 5 });
    const [stories] = await store.applyRetention({ storiesBefore: before }, readMs + 1);
    expect(stories).toMatchObject({ class: 'stories', why: 'age', rows: 1 });
    expect(stories?.bytes).toBeGreaterThan(100);
    expect(await ids(store, { q: queueIdOf(500) })).toEqual([]);
    expect(await ids(store, {})).toHaveLength(4);
    expect((await put(store, batch)).ack.result).toBe('duplicate');
    expect(await store.applyRetention({ linesBefore: before, storiesBefore: before }, readMs + 2)).toEqual([]);
    expect((await store.readRemovals()).removals.map((removal) => removal.class)).toEqual(['stories', 'lines']);
  });
});
