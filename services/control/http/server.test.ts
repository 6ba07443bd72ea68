import { expect, test } from 'vitest';
import { z } from 'zod';
import { createReport } from '../../logs/report.ts';
import { AppError } from '../../protocol/errors.ts';
import { batchHeaderName, batchLimits, encodeBatchEnvelope } from '../../protocol/ingest.ts';
import { protocolVersion } from '../../protocol/version.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { createControlEvents } from '../events.ts';
import { readOverview } from '../overview.ts';
import { createRetention } from '../retention.ts';
import { retentionConfigSchema } from '../retention-table.ts';
import type { SeriesStore } from '../series/series-store.ts';
import type { EventStore } from '../store/event-store.ts';
import { createHttpServer } from './server.ts';

const envelope = {
  protocolVersion,
  node: 'mx1',
  sourceId: 'a'.repeat(32),
  path: '/var/log/邮件.log',
  sequence: 0,
  firstOffset: 0,
  lastOffset: 4,
  lines: 1,
  rawBytes: 4,
  cutBytes: 0,
  readMs: 0,
  timeZone: 'Europe/Zurich',
};

/** A store that answers the emptiest true thing, with parts replaced by a test. */
function stubStore(parts: Partial<EventStore> = {}): EventStore {
  const completeness = { since: 0, until: 0, complete: true, sentence: 'Complete.', sources: [] };
  return {
    ingest: async ({ sourceId, lastOffset, node }) => ({
      ack: { result: 'stored', sourceId, lastOffset },
      counts: { 'connect|postfix|smtpd|': 2, [`unparsed||${node}|`]: 1 },
      gapBytes: 0,
    }),
    setTails: () => {},
    searchStories: async () => ({ items: [], completeness }),
    countStories: async () => ({ count: 0, atLeast: false }),
    readStory: async () => undefined,
    readFlow: async () => ({ all: [], byNode: {} }),
    readDomainFlow: async ({ domain }) => ({ domain, flow: [], inQueue: 0 }),
    readQueue: async () => ({ inQueue: 0 }),
    readCompleteness: async ({ since, until }) => ({ ...completeness, since, until }),
    readReport: async (request) => createReport(request).result(),
    readUnparsed: async () => ({ lines: 0, clusters: [], otherLines: 0, ungroupedLines: 0, cut: false }),
    readOffsets: async () => [],
    applyRetention: async () => [],
    readRemovals: async () => ({ bytes: 0, removals: [] }),
    stop: async () => {},
    ...parts,
  };
}

const stubSeries: SeriesStore = {
  write: async ({ samples }) => ({ ack: { result: 'stored', samples, refusedSeries: 0 }, missed: 0, newSeries: 0 }),
  readRange: async ({ name, function: how, since, until, stepMs }) => ({
    ...{ name, function: how, since, until, stepMs, resolution: 'minute', series: [], omittedSeries: 0 },
    completeness: { complete: false, missingValues: 0, sentence: 'No sample is kept for this range.' },
  }),
  listNames: async () => ({ names: [], omittedNames: 0 }),
  applyRetention: async () => [],
  readRemovals: async () => ({ bytes: 0, removals: [] }),
  stop: async () => {},
};

const stubState = {
  applyRetention: async () => [],
  readRemovals: async () => ({ bytes: 0, removals: [] }),
  readEntries: async () => [],
  readAudit: async () => [],
};
const failover = {
  failover: {
    readGroups: () => [],
    findGroup: () => {
      throw new AppError('not-found', 'No group');
    },
  },
  questions: {
    preflight: () => Promise.reject(new Error('not asked')),
    explain: () => Promise.reject(new Error('not asked')),
  },
  state: stubState,
};

async function createApp(parts: Partial<EventStore> = {}, inFlightBytesMax = 1024 * 1024) {
  const store = stubStore(parts);
  const events = createControlEvents({ version: '0.0.0' }, { log: createLog({ process: 'test', level: 'silent' }) });
  const deps = { clock: systemClock, store, series: stubSeries, state: stubState, readNodes: () => [], failover };
  const config = retentionConfigSchema.parse({});
  const retention = createRetention(config, { ...deps, events });
  return createHttpServer(
    { version: '0.0.0', names: ['mail.example.org'], consoleFolder: '/nonexistent', inFlightBytesMax },
    {
      ...deps,
      retention,
      events,
      forgetNode: async () => {},
      readOverview: (request) => readOverview(request, deps),
      renderMetrics: events.renderMetrics,
      onBatch: () => {},
    },
  );
}

const batch = (header: string = encodeBatchEnvelope(envelope), body: Buffer = Buffer.from('zstd')) =>
  ({
    method: 'POST',
    url: '/ingest/v1/batches',
    headers: { 'content-type': 'application/zstd', [batchHeaderName]: header },
    payload: body,
  }) as const;

test('the OpenAPI document states what travels, and every parameterless route answers as documented', async () => {
  const app = await createApp();
  const document = (await app.inject('/docs/json')).json();
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths).sort()).toEqual([
    '/api/v1/completeness',
    '/api/v1/failover/groups',
    '/api/v1/failover/groups/{group}',
    '/api/v1/failover/groups/{group}/explain',
    '/api/v1/failover/groups/{group}/history',
    '/api/v1/failover/groups/{group}/preflight',
    '/api/v1/nodes',
    '/api/v1/nodes/{node}',
    '/api/v1/overview',
    '/api/v1/reports',
    '/api/v1/retention',
    '/api/v1/series',
    '/api/v1/series/names',
    '/api/v1/stories',
    '/api/v1/stories/count',
    '/api/v1/stories/{id}',
    '/api/v1/unparsed',
    '/healthz',
    '/ingest/v1/batches',
    '/ingest/v1/offsets',
    '/ingest/v1/scrapes',
    '/metrics',
    '/readyz',
  ]);
  for (const [path, operations] of Object.entries<Record<string, Operation>>(document.paths)) {
    if (path.includes('{') || operations.get === undefined) continue;
    const needed: Record<string, string> = { '/ingest/v1/offsets': '?node=mx1', '/api/v1/series': '?name=up' };
    const answer = await app.inject(`${path}${needed[path] ?? ''}`);
    expect(answer.statusCode, path).toBe(200);
    const schema = operations.get.responses['200']?.content['application/json']?.schema;
    if (schema !== undefined) expect(() => z.fromJSONSchema(schema).parse(answer.json()), path).not.toThrow();
  }
  const overview = document.paths['/api/v1/overview'].get.responses['200'].content['application/json'].schema;
  expect(overview.properties.now).toMatchObject({ type: 'string', format: 'date-time' });
  expect((await app.inject('/api/v1/overview')).json().now).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});
type Operation = {
  responses: Record<string, { content: Record<string, { schema: Parameters<typeof z.fromJSONSchema>[0] }> }>;
};

test.each([
  ['/api/v1/stories/none', 404, 'not-found'],
  ['/api/v1/nothing', 404, 'not-found'],
  ['/api/v1/stories?limit=0', 400, 'bad-request'],
  ['/api/v1/stories?since=yesterday', 400, 'bad-request'],
  ['/api/v1/overview?windowMs=1', 400, 'bad-request'],
  ['/api/v1/reports?timeZone=No/Where', 400, 'bad-request'],
  ['/api/v1/reports?rows=1001', 400, 'bad-request'],
  ['/api/v1/reports?since=2026-01-01T00:00:00Z&until=2026-02-03T00:00:00Z', 400, 'bad-request'],
  ['/ingest/v1/offsets', 400, 'bad-request'],
  ['/api/v1/series', 400, 'bad-request'],
  ['/api/v1/series?name=up&match=node', 400, 'bad-request'],
  ['/api/v1/series?name=up&stepMs=1', 400, 'bad-request'],
])('GET %s is a problem %i %s', async (url, status, code) => {
  const app = await createApp();
  const answer = await app.inject(url);
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.json()).toMatchObject({ status, code, type: `urn:mailward:problem:${code}` });
});

test('a bug says nothing of its inside', async () => {
  const app = await createApp({
    searchStories: async () => {
      throw new Error('SQLITE_CORRUPT at /secret/path');
    },
  });
  const answer = await app.inject('/api/v1/stories');
  expect(answer.statusCode).toBe(500);
  expect(answer.json().code).toBe('internal');
  expect(answer.body).not.toContain('secret');
});

test('a batch reaches the store whole, in a buffer of its own', async () => {
  let taken: Uint8Array | undefined;
  const ack = { result: 'stored', sourceId: envelope.sourceId, lastOffset: 4 } as const;
  const app = await createApp({
    ingest: async (received, body) => {
      taken = body;
      expect(received).toEqual(envelope);
      expect(body.buffer.byteLength).toBe(body.byteLength);
      return { ack, counts: {}, gapBytes: 0 };
    },
  });
  const answer = await app.inject(batch());
  expect([answer.statusCode, answer.json()]).toEqual([200, ack]);
  expect(Buffer.from(taken ?? []).toString()).toBe('zstd');
});

test.each([
  ['not JSON', batch('{'), 400, 'bad-request'],
  ['no envelope', batch('{}'), 400, 'bad-request'],
  ['another version', batch(encodeBatchEnvelope({ ...envelope, protocolVersion: 2 })), 409, 'protocol-mismatch'],
  ['ends before it begins', batch(encodeBatchEnvelope({ ...envelope, firstOffset: 9 })), 400, 'bad-request'],
  ['too large', batch(undefined, Buffer.alloc(batchLimits.bodyBytesMax + 1)), 413, 'too-large'],
  ['another type', { ...batch(), headers: { 'content-type': 'text/plain' } }, 400, 'bad-request'],
])('a batch that is %s is refused', async (_what, request, status, code) => {
  const app = await createApp();
  const answer = await app.inject(request);
  expect(answer.json()).toMatchObject({ status, code });
});

test('above the bytes in flight an agent is told to come back, and room is given back', async () => {
  const waiting: (() => void)[] = [];
  const app = await createApp(
    {
      ingest: async ({ sourceId, lastOffset }) => {
        await new Promise<void>((done) => waiting.push(done));
        return { ack: { result: 'stored', sourceId, lastOffset }, counts: {}, gapBytes: 0 };
      },
    },
    6,
  );
  const first = app.inject(batch());
  await expect.poll(() => waiting.length).toBe(1);
  const refused = await app.inject(batch());
  expect([refused.statusCode, refused.headers['retry-after'], refused.json().code]).toEqual([503, '1', 'overloaded']);
  waiting[0]?.();
  expect((await first).statusCode).toBe(200);
  const next = app.inject(batch());
  await expect.poll(() => waiting.length).toBe(2);
  waiting[1]?.();
  expect((await next).statusCode).toBe(200);
});

test('readiness follows the store', async () => {
  const app = await createApp({
    applyRetention: async () => {
      throw new Error('disk full');
    },
  });
  expect((await app.inject('/readyz')).json()).toMatchObject({ status: 503, code: 'not-ready' });
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

test.each([
  [{ host: 'evil.example:7400' }, 403],
  [{ host: '127.0.0.1:7400', origin: 'https://evil.example' }, 403],
  [{ host: '127.0.0.1:7400', origin: 'http://127.0.0.1:7400' }, 200],
  [{ host: 'mail.example.org' }, 200],
])('a request with %o answers %i', async (headers, status) => {
  const app = await createApp();
  expect((await app.inject({ url: '/api/v1/nodes', headers })).statusCode).toBe(status);
});

test('answers carry the headers that keep a browser safe', async () => {
  const app = await createApp();
  for (const url of ['/api/v1/nodes', '/api/v1/nothing', '/docs/static/index.html']) {
    const { headers } = await app.inject(url);
    expect(headers, url).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers['content-security-policy'], url).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy'], url).not.toMatch(/script-src[^;]*unsafe/);
  }
});

test('metrics are bounded, whatever names arrive', async () => {
  const app = await createApp();
  for (let node = 0; node < 2100; node++)
    await app.inject(batch(encodeBatchEnvelope({ ...envelope, node: `mx${node}` })));
  const { body, headers } = await app.inject('/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain/);
  const series = body.split('\n').filter((line) => line.startsWith('postfix_smtpd_connects_total{'));
  expect(series.length).toBe(2000);
  expect(series).toContain('postfix_smtpd_connects_total{node="other"} 202');
});
