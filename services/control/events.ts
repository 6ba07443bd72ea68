// The single place where control reports what happens: one function per business event, its log record and its metrics
// together. Labels are few and bounded; mail addresses are in neither.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { AppError } from '../protocol/errors.ts';
import type { BatchEnvelope } from '../protocol/ingest.ts';
import type { Hello, NodeState } from '../protocol/live.ts';
import type { Removal } from '../protocol/retention.ts';
import type { Logger } from '../runtime/log.ts';
import { createDelayMetrics } from './delay-metrics.ts';
import { isStrangersDoing, logRefusal } from './log-refusal.ts';
import { createBoundedCounter, createMailMetrics } from './mail-metrics.ts';
import { createSeriesEvents } from './series/series-events.ts';
import type { IngestReport } from './store/event-store.ts';

export type ControlEvents = ReturnType<typeof createControlEvents>;

export function createControlEvents(options: { readonly version: string }, deps: { readonly log: Logger }) {
  const { log } = deps;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const mail = createMailMetrics(registry);
  const delays = createDelayMetrics();
  new Gauge({ name: 'mailward_build_info', help: 'The running release', labelNames: ['version'], registers }).set(
    { version: options.version },
    1,
  );
  const countBatches = createBoundedCounter(registry, 'mailward_ingest_batches_total', 'Batches by result', [
    'node',
    'result',
  ]);
  const countLines = createBoundedCounter(registry, 'mailward_ingest_lines_total', 'Lines stored', ['node']);
  const countRawBytes = createBoundedCounter(registry, 'mailward_ingest_raw_bytes_total', 'Bytes of stored lines', [
    'node',
  ]);
  const countBodyBytes = createBoundedCounter(
    registry,
    'mailward_ingest_body_bytes_total',
    'Compressed bytes received',
    ['node'],
  );
  const countGapBytes = createBoundedCounter(
    registry,
    'mailward_ingest_gap_bytes_total',
    'Bytes of logs that are missing',
    ['node'],
  );
  const countCutBytes = createBoundedCounter(
    registry,
    'mailward_ingest_cut_bytes_total',
    'Bytes cut from overlong lines',
    ['node'],
  );
  const refused = new Counter({
    name: 'mailward_ingest_refused_total',
    help: 'Batches that were not taken, by reason',
    labelNames: ['code'],
    registers,
  });
  const connectionsRefused = new Counter({
    name: 'mailward_http_connections_refused_total',
    help: 'Connections that were closed because there were too many, or were silent while others wanted in',
    labelNames: ['reason'],
    registers,
  });
  const inFlightBytes = new Gauge({
    name: 'mailward_ingest_in_flight_bytes',
    help: 'Compressed bytes of batches being received or written',
    registers,
  });
  const nodes = new Gauge({ name: 'mailward_nodes', help: 'Nodes by state', labelNames: ['state'], registers });
  const lagBytes = new Gauge({
    name: 'mailward_node_lag_bytes',
    help: 'Bytes in the files of a node that are not stored yet',
    labelNames: ['node'],
    registers,
  });
  const liveClients = new Gauge({ name: 'mailward_live_clients', help: 'Open consoles', registers });
  const tailSkipped = new Counter({
    name: 'mailward_tail_skipped_total',
    help: 'Lines left out of live tails',
    registers,
  });
  const requests = new Counter({
    name: 'mailward_http_requests_total',
    help: 'Answered requests by route and class of status',
    labelNames: ['route', 'status'],
    registers,
  });
  const removedRows = new Counter({
    name: 'mailward_retention_removed_total',
    help: 'Lines, stories and rows of samples that retention removed',
    labelNames: ['class', 'why'],
    registers,
  });
  const removedBytes = new Counter({
    name: 'mailward_retention_removed_bytes_total',
    help: 'What they took on disk',
    labelNames: ['class', 'why'],
    registers,
  });

  return {
    registry,
    ...createSeriesEvents({ log, registry }),
    batchStored(envelope: BatchEnvelope, bodyBytes: number, report: IngestReport): void {
      const { node } = envelope;
      countBatches({ node, result: report.ack.result }, 1);
      countBodyBytes({ node }, bodyBytes);
      if (report.ack.result === 'stored') {
        countLines({ node }, envelope.lines);
        countRawBytes({ node }, envelope.rawBytes);
        countCutBytes({ node }, envelope.cutBytes);
      }
      // What mail did years ago is no rate of today.
      if (envelope.isPast !== true) mail.add(node, report.counts);
      if (envelope.isPast !== true && report.delays !== undefined) delays.add(node, report.delays);
      if (report.gapBytes > 0) {
        countGapBytes({ node }, report.gapBytes);
        log.warn({ node, path: envelope.path, gapBytes: report.gapBytes }, 'bytes of a log are missing');
      }
    },
    batchRefused(error: unknown): void {
      const code = error instanceof AppError ? error.code : 'internal';
      refused.inc({ code });
      if (code !== 'overloaded') logRefusal(log, error, 'a batch was refused');
    },
    connectionRefused(reason: 'connections' | 'silent'): void {
      connectionsRefused.inc({ reason });
    },
    inFlight(bytes: number): void {
      inFlightBytes.set(bytes);
    },
    agentConnected(hello: Hello): void {
      log.info({ node: hello.node, version: hello.version, agentPid: hello.pid }, 'an agent is connected');
    },
    agentRefused(node: string, code: string, detail: string): void {
      if (!isStrangersDoing(code)) log.warn({ node, code }, detail);
    },
    agentDisconnected(node: string, why: string): void {
      log.info({ node, why }, 'an agent has disconnected');
    },
    nodesChanged(states: readonly NodeState[]): void {
      for (const { node, state, sentence } of states) log.info({ node, state }, sentence);
    },
    nodesNotRead(error: unknown): void {
      log.error({ err: error }, 'what was known of the nodes cannot be read, and was put aside');
    },
    nodesNotKept(error: unknown): void {
      log.error({ err: error }, 'what is known of the nodes could not be written');
    },
    fleetObserved(states: readonly NodeState[]): void {
      for (const state of ['up', 'stale', 'down'] as const)
        nodes.set({ state }, states.filter((node) => node.state === state).length);
      lagBytes.reset();
      for (const node of states) lagBytes.set({ node: node.node }, node.lagBytes);
    },
    consolesOpen(count: number): void {
      liveClients.set(count);
    },
    tailLinesSkipped(count: number): void {
      if (count > 0) tailSkipped.inc(count);
    },
    requestAnswered(route: string, status: number): void {
      requests.inc({ route, status: `${Math.floor(status / 100)}xx` });
    },
    faultInRoute(error: unknown, route: string): void {
      log.error({ err: error, route }, 'a request met a fault');
    },
    overviewFailed(error: unknown): void {
      log.error({ err: error }, 'the overview could not be read');
    },
    retentionDone(removals: readonly Removal[]): void {
      for (const removal of removals) {
        const { class: name, why, rows, bytes } = removal;
        removedRows.inc({ class: name, why }, rows);
        removedBytes.inc({ class: name, why }, bytes);
        const said = { class: name, rows, bytes, until: new Date(removal.until).toISOString() };
        if (why === 'age') log.info(said, 'retention has removed what was too old');
        else log.warn(said, 'the store is larger than retention.bytesMax: the oldest was removed before its time');
      }
    },
    retentionFailed(error: unknown): void {
      log.error({ err: error }, 'retention could not run; the next time tries again');
    },
    renderMetrics: async () => ({
      contentType: registry.contentType,
      text: `${await registry.metrics()}\n${delays.render()}`,
    }),
  };
}
