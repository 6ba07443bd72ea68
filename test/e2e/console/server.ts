// The console's own server for development and tests: the API and the live channel of control over stories that are made
// up, with the cases that are hard to bring about for real. `q=sentinel:failure` answers 503; ids of hard stories are in
// stories.ts.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, resolve } from 'node:path';
import { Server } from 'socket.io';
import type {
  CompletenessWire,
  FlowPointWire,
  NodeStateWire,
  OverviewWire,
  StorySummaryWire,
  TailChunkWire,
} from '../../../services/protocol/wire.ts';
import { failoverGroups, failoverHistory, failoverPreflight } from './failover.ts';
import { generatedReport } from './report.ts';
import { detailOf, hostileText, iso, plainSummary, plainTime, sentinelStories, summaryOf } from './stories.ts';

const distFolder = resolve(import.meta.dirname, '../../../services/console/dist');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** As control sends it, so that what it forbids is noticed here. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export type ConsoleServerOptions = {
  /** 0 takes any. */
  readonly port?: number;
  readonly storyCount?: number;
  /** With holes: one node silent, one log with a gap. */
  readonly scenario?: 'calm' | 'holes';
  /** Whether any lease group is known. */
  readonly hasLeases?: boolean;
};
export type ConsoleServer = {
  readonly url: string;
  readonly port: number;
  readonly sendTail: (chunk: TailChunkWire) => void;
  /** Closes every connection at once, as a killed process would. */
  readonly stop: () => Promise<void>;
};

const minuteMs = 60_000;

function completenessOf(now: number, windowMs: number, holes: boolean): CompletenessWire {
  const source = (node: string, path: string, lines: number) => ({
    ...{ node, sourceId: `${node}-${path}`, path, state: 'complete' as const, lines, gapBytes: 0 },
    ...{
      suppressedMessages: 0,
      duplicateBatches: 0,
      unparsedLines: 0,
      lastOffset: lines * 180,
      lastSeenAt: iso(now - 900),
    },
  });
  const sources: CompletenessWire['sources'] = [
    source('mx1', '/var/log/mail.log', 48_211),
    source('mx2', '/var/log/mail.log', 31_904),
    source('relay', '/var/log/mail.log', 12_733),
    source('relay', '/var/log/dovecot.log', 22_019),
  ];
  if (holes) {
    sources[0] = {
      ...source('mx1', '/var/log/mail.log', 48_211),
      ...{ state: 'gap', gapBytes: 13_312, unparsedLines: 4 },
      gaps: [{ since: iso(now - windowMs * 0.62), until: iso(now - windowMs * 0.55), bytes: 13_312 }],
    };
    sources[1] = {
      ...source('mx2', '/var/log/mail.log', 31_904),
      state: 'unknown',
      lastSeenAt: iso(now - 11 * minuteMs),
    };
  }
  const complete = !holes;
  return {
    since: iso(now - windowMs),
    until: iso(now),
    complete,
    sentence: complete ? 'Complete.' : 'Two logs have holes.',
    sources,
  };
}

function overviewOf(now: number, windowMs: number, holes: boolean): OverviewWire {
  const stepMs = Math.max(minuteMs, windowMs / 60);
  const steps = Math.floor(windowMs / stepMs);
  const flowAt = (at: number, share: number): FlowPointWire => {
    const wave = 1 + 0.5 * Math.sin(at / 7) + 0.25 * Math.sin(at / 2.3) + (at % 17 === 0 ? 0.6 : 0);
    const accepted = Math.round(42 * wave * share);
    const put = at > 38 && at < 50 ? 9 : 1;
    return {
      ...{
        time: iso(now - windowMs + at * stepMs),
        lines: accepted * 9,
        accepted,
        delivered: Math.round(accepted * 1.2),
      },
      ...{
        deferred: Math.round(put * wave * share),
        bounced: at % 9 === 0 ? 1 : 0,
        rejected: Math.round(17 * wave * share),
      },
      oldestQueuedMs: Math.max(0, (at - 30) * 5) * minuteMs,
    };
  };
  const flow = Array.from({ length: steps }, (_, at) => flowAt(at, 1));
  const sum = (name: 'accepted' | 'delivered' | 'deferred' | 'bounced' | 'rejected') =>
    flow.reduce((total, point) => total + point[name], 0);
  const silentMs = 11 * minuteMs;
  const node = (name: string, sources: number): NodeStateWire => ({
    ...{
      node: name,
      state: 'up',
      sentence: 'The agent is connected and reports.',
      version: '0.1.0',
      mode: 'observe-only',
    },
    ...{ connectedAt: iso(now - 86_400_000), lastHeardAt: iso(now - 800), lagBytes: 0, sources },
  });
  const silent = {
    ...node('mx2', 1),
    state: 'stale' as const,
    sentence: 'Nothing heard for 11 min.',
    lastHeardAt: iso(now - silentMs),
    lagBytes: 184_320,
  };
  return {
    ...{ now: iso(now), windowMs, stepMs },
    sentence: holes
      ? { code: 'nodes-degraded', severity: 'degraded', args: { degraded: 1, nodes: 3, node: 'mx2' } }
      : { code: 'mail-flows', severity: 'ok', args: { nodes: 3, delivered: sum('delivered') } },
    nodes: [node('mx1', 1), holes ? silent : node('mx2', 1), node('relay', 2)],
    flow,
    flowByNode: {
      mx1: flow.map((_, at) => flowAt(at, 0.5)),
      mx2: flow.map((_, at) => flowAt(at + 13, holes && at > 48 ? 0 : 0.3)),
      relay: flow.map((_, at) => flowAt(at + 29, 0.2)),
    },
    totals: {
      accepted: sum('accepted'),
      delivered: sum('delivered'),
      deferred: sum('deferred'),
      bounced: sum('bounced'),
      rejected: sum('rejected'),
    },
    messages: { deferred: { count: 33, atLeast: false } },
    oldestQueuedAt: iso(now - 152 * minuteMs),
    inQueue: 37,
    completeness: completenessOf(now, windowMs, holes),
  };
}

export async function startConsoleServer(options: ConsoleServerOptions = {}): Promise<ConsoleServer> {
  const { port = 0, storyCount = 2000, scenario = 'calm', hasLeases = true } = options;
  const holes = scenario === 'holes';
  const startedAt = Date.now();
  const sentinels = sentinelStories(startedAt);

  // Rows are made when asked for; only their order is kept, the newest first, sentinels in their place.
  const order: ReadonlyArray<{ readonly time: number; readonly make: () => StorySummaryWire }> = [
    ...[...sentinels.values()].map((one) => ({ time: Date.parse(one.firstSeenAt), make: () => summaryOf(one) })),
    ...Array.from({ length: storyCount - sentinels.size }, (_, index) => ({
      time: plainTime(index, startedAt),
      make: () => plainSummary(index, startedAt),
    })),
  ].sort((a, b) => b.time - a.time);

  function search(params: URLSearchParams): { items: StorySummaryWire[]; nextCursor?: string } {
    const limit = Number(params.get('limit') ?? 50);
    const since = Date.parse(params.get('since') ?? '') || 0;
    const until = Date.parse(params.get('until') ?? '') || Number.POSITIVE_INFINITY;
    const fate = params.get('fate');
    const terms = (params.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (row: StorySummaryWire): boolean => {
      const time = Date.parse(row.firstSeenAt);
      if (time < since || time > until || (fate !== null && row.fate !== fate)) return false;
      return terms.every((term) => {
        const [, key, value] = /^(from|to|fate|node):(.*)$/.exec(term) ?? [undefined, 'any', term];
        const fields = {
          from: [row.from ?? ''],
          to: row.to,
          fate: [row.fate],
          node: row.nodes,
          any: [row.id, row.from ?? '', ...row.to, ...row.queueIds, row.messageId ?? ''],
        };
        return fields[key as keyof typeof fields].some((field) => field.toLowerCase().includes(value ?? ''));
      });
    };
    const items: StorySummaryWire[] = [];
    let index = Number(params.get('cursor') ?? 0);
    for (; index < order.length && items.length < limit; index += 1) {
      const row = order[index]?.make();
      if (row !== undefined && matches(row)) items.push(row);
    }
    return index < order.length ? { items, nextCursor: String(index) } : { items };
  }

  function answerApi(url: URL): { readonly status: number; readonly body: unknown } {
    const now = Date.now();
    const problem = (status: number, code: string, detail: string, hint: string) => ({
      status,
      body: { type: `urn:mailward:problem:${code}`, title: detail, status, detail, code, hint },
    });
    const path = url.pathname.slice('/api/v1'.length);
    if (url.searchParams.get('q') === 'sentinel:failure')
      return problem(503, 'overloaded', 'The store answers too slowly now.', 'Try a shorter time range.');
    if (path === '/overview')
      return { status: 200, body: overviewOf(now, Number(url.searchParams.get('windowMs') ?? 3_600_000), holes) };
    if (path === '/completeness') return { status: 200, body: completenessOf(now, 86_400_000, holes) };
    if (path === '/nodes')
      return { status: 200, body: { now: iso(now), nodes: overviewOf(now, 3_600_000, holes).nodes } };
    if (path === '/stories')
      return {
        status: 200,
        body: { ...search(url.searchParams), completeness: completenessOf(now, 86_400_000, holes) },
      };
    if (path === '/stories/count') {
      url.searchParams.set('limit', '200');
      const page = search(url.searchParams);
      const completeness = completenessOf(now, 86_400_000, holes);
      return { status: 200, body: { count: page.items.length, atLeast: page.nextCursor !== undefined, completeness } };
    }
    if (path === '/reports') {
      const since = Date.parse(url.searchParams.get('since') ?? '') || now - 86_400_000;
      const domain = url.searchParams.get('domain');
      const report = generatedReport({ since, now, ...(domain === null ? {} : { domain }) });
      return { status: 200, body: { report, completeness: completenessOf(now, 86_400_000, holes) } };
    }
    if (path === '/failover/groups') return { status: 200, body: failoverGroups(now, !hasLeases) };
    const [, group = '', part] = /^\/failover\/groups\/([^/]+)\/(history|preflight)$/.exec(path) ?? [];
    if (part !== undefined)
      return { status: 200, body: part === 'history' ? failoverHistory(group, now) : failoverPreflight(group, now) };
    const id = decodeURIComponent(path.slice('/stories/'.length));
    const index = /^plain-(\d+)$/.exec(id)?.[1];
    const detail = detailOf(
      index === undefined ? undefined : plainSummary(Number(index), startedAt),
      sentinels.get(id),
      completenessOf(now, 86_400_000, holes),
    );
    return detail === undefined
      ? problem(404, 'not-found', `There is no message story ${id}`, 'Search for its queue id.')
      : { status: 200, body: detail };
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname.startsWith('/api/')) {
      const { status, body } = answerApi(url);
      response.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' });
      response.end(JSON.stringify(body));
      return;
    }
    const asked = join(distFolder, normalize(url.pathname));
    const isFile = asked.startsWith(distFolder) && existsSync(asked) && statSync(asked).isFile();
    const file = isFile ? asked : join(distFolder, 'index.html');
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': contentSecurityPolicy,
    });
    createReadStream(file).pipe(response);
  }

  const http = createServer(answer);
  const sockets = new Server(http, { serveClient: false });
  const live = sockets.of('/live');
  const tailLine = (number: number): TailChunkWire => {
    const row = plainSummary(number, Date.now() + number * 800);
    const odd = number % 11;
    return {
      skipped: odd === 7 ? 3 : 0,
      lines: [
        {
          ...{
            node: row.nodes[0] ?? 'mx1',
            time: iso(Date.now()),
            service: 'smtp',
            queueId: row.queueIds[0] ?? 'NOQUEUE',
          },
          kind: odd === 3 ? 'warning' : 'delivery',
          severity: odd === 3 ? 'warning' : odd === 5 ? 'error' : 'info',
          text:
            odd === 9
              ? hostileText
              : `postfix/smtp[2114]: ${row.queueIds[0] ?? 'NOQUEUE'}: to=<${row.to[0]}>, relay=mx.example[203.0.113.7]:25, delay=1.2, status=${row.fate} (${row.reason ?? ''})`,
        },
      ],
    };
  };
  let tailed = 0;
  live.on('connection', (socket) => {
    socket.on('tail:start', () => void socket.join('tail'));
    socket.on('tail:stop', () => void socket.leave('tail'));
  });
  const ticking = setInterval(() => {
    live.emit('overview', { now: iso(Date.now()) });
    live.to('tail').emit('tail', tailLine(tailed));
    tailed += 1;
  }, 250);

  await new Promise<void>((listening, failed) => {
    http.once('error', failed);
    http.listen(port, '127.0.0.1', listening);
  });
  const bound = (http.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    sendTail: (chunk) => void live.to('tail').emit('tail', chunk),
    async stop() {
      clearInterval(ticking);
      const closed = sockets.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
