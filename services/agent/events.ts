// The single place where the agent reports what happens: one function per business event, its log record and its metrics
// together. Labels are few and bounded.
import { Counter, Gauge, Registry } from 'prom-client';
import type { BatchAck } from '../protocol/ingest.ts';
import type { Heartbeat } from '../protocol/live.ts';
import type { LeaseLook } from '../runtime/lease/lease-watch.ts';
import type { Logger } from '../runtime/log.ts';
import type { Cut } from './tail/cut-batch.ts';

export type AgentEvents = ReturnType<typeof createAgentEvents>;

/** Of the attempts to reach control while it is away, the first and then every so many are logged. */
const retriesPerLogLine = 20;

export function createAgentEvents(options: { readonly version: string }, deps: { readonly log: Logger }) {
  const { log } = deps;
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  new Gauge({ name: 'mailward_build_info', help: 'The running release', labelNames: ['version'], registers }).set(
    { version: options.version },
    1,
  );
  const batches = new Counter({
    name: 'mailward_agent_batches_total',
    help: 'Batches that control acknowledged, by result',
    labelNames: ['result'],
    registers,
  });
  const lines = counter('mailward_agent_lines_total', 'Lines that control acknowledged');
  const rawBytes = counter('mailward_agent_raw_bytes_total', 'Bytes of lines that control acknowledged');
  const cutBytes = counter('mailward_agent_cut_bytes_total', 'Bytes cut from overlong lines');
  const lostBytes = counter(
    'mailward_agent_lost_bytes_total',
    'Bytes of files that were removed before they were read',
  );
  const retries = counter('mailward_agent_request_retries_total', 'Requests to control that were repeated');
  const faults = counter('mailward_agent_file_faults_total', 'Files that could not be read');
  const skippedEntries = counter('mailward_agent_journal_entries_skipped_total', 'Journal entries that were left out');
  const journalHoles = counter('mailward_agent_journal_holes_total', 'Times that unread journal entries were removed');
  const sources = gauge('mailward_agent_sources', 'Files that are open');
  const lagBytes = gauge('mailward_agent_lag_bytes', 'Bytes in open files that control has not acknowledged');
  const connected = gauge('mailward_agent_control_connected', 'Whether the control channel stands');

  let leaseSaid = '';

  return {
    registry,
    /** Said when it is another than before. */
    leaseLooked({ status, why }: LeaseLook, node: string): void {
      const isOther = status !== undefined && status.node !== node;
      const said = why ?? (isOther ? status.node : '');
      if (said === leaseSaid) return;
      leaseSaid = said;
      if (why !== undefined) log.warn({ why }, 'the lease process does not answer');
      else if (isOther)
        log.error(
          { node, leaseNode: status.node },
          'the lease file names this node otherwise: control does not believe it',
        );
      else log.info('the lease process answers');
    },
    batchAcknowledged(cut: Cut, result: BatchAck['result']): void {
      batches.inc({ result });
      lines.inc(cut.lines);
      rawBytes.inc(cut.rawBytes);
      cutBytes.inc(cut.cutBytes);
    },
    requestRetried(attempt: number, waitMs: number, error: unknown): void {
      retries.inc();
      if (attempt % retriesPerLogLine === 1)
        log.warn({ attempt, waitMs: Math.round(waitMs), err: error }, 'control did not take a request; it is repeated');
    },
    sourceOpened(path: string, sourceId: string, offset: number): void {
      log.info({ path, sourceId, offset }, 'a file is followed');
    },
    sourceMoved(from: string, to: string): void {
      log.info({ from, to }, 'a followed file was renamed');
    },
    sourceClosed(path: string, why: string, unreadBytes: number): void {
      if (why === 'quiet') log.debug({ path }, 'a quiet file is closed until it grows');
      else log.info({ path, why, unreadBytes }, 'a file is no longer followed');
    },
    sourceSetBack(path: string, offset: number): void {
      log.warn({ path, offset }, 'control holds another part of a file than was sent; it is read again from there');
    },
    linesLost(path: string, bytes: number): void {
      lostBytes.inc(bytes);
      log.warn({ path, bytes }, 'lines were removed before they were read; control shows a gap');
    },
    fileFault(path: string, error: unknown): void {
      faults.inc();
      log.warn({ path, err: error }, 'a file cannot be read');
    },
    lineCountFault(path: string, error: unknown): void {
      log.error({ path, err: error }, 'a batch is shipped, but not counted in the metrics of this node');
    },
    filesCutShort(filesMax: number): void {
      log.warn({ filesMax }, 'the patterns name more files than are followed');
    },
    journalFollowed(sourceId: string, offset: number): void {
      log.info({ sourceId, offset }, 'the journal is followed');
    },
    journalFault(error: unknown): void {
      faults.inc();
      log.warn({ err: error }, 'the journal cannot be read; it is tried again');
    },
    journalEntrySkipped(why: string): void {
      skippedEntries.inc();
      log.warn({ why }, 'an entry of the journal was left out');
    },
    journalHole(): void {
      journalHoles.inc();
      log.warn('entries were removed from the journal before they were read; control shows a gap');
    },
    checkpointFault(error: unknown): void {
      log.warn({ err: error }, 'the checkpoint cannot be used; control knows how far it has each file');
    },
    sourcesObserved(report: Heartbeat['sources']): void {
      sources.set(report.length);
      lagBytes.set(report.reduce((sum, source) => sum + Math.max(0, source.sizeBytes - source.ackedOffset), 0));
    },
    controlConnected(): void {
      connected.set(1);
      log.info('the control channel stands');
    },
    controlDisconnected(why: string): void {
      connected.set(0);
      log.warn({ why }, 'the control channel is down; lines wait in their files');
    },
    controlRefused(code: string, detail: string): void {
      connected.set(0);
      log.error({ code }, detail);
    },
    metricsFault(error: unknown): void {
      log.error({ err: error }, 'the metrics could not be collected');
    },
  };
}
