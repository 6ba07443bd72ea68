// What the routes are given: a typed scope, settings, and what they ask.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

import type { Overview } from '../../protocol/api.ts';
import type { BatchEnvelope } from '../../protocol/ingest.ts';
import type { NodeState } from '../../protocol/live.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CommandDesk } from '../commands/command-desk.ts';
import type { ControlEvents } from '../events.ts';
import type { FailoverKeeper } from '../failover/failover-keeper.ts';
import type { OrderDesk } from '../failover/order-desk.ts';
import type { QuestionDesk } from '../failover/question-desk.ts';
import type { OverviewRequest } from '../overview.ts';
import type { Retention } from '../retention.ts';
import type { SeriesStore } from '../series/series-store.ts';
import type { StateStore } from '../state/state-store.ts';
import type { EventStore, IngestReport } from '../store/event-store.ts';
import type { Trust } from '../trust/trust.ts';

/** A fastify scope whose handlers get their types from zod schemas. */
export type TypedApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export type HttpOptions = {
  readonly version: string;
  readonly names: readonly string[];
  readonly pagesFrom?: readonly string[];
  readonly pagesBehindProxy?: boolean;
  readonly consoleFolder: string;
  readonly inFlightBytesMax: number;
};
export type HttpDeps = {
  readonly clock: Clock;
  readonly store: EventStore;
  readonly series: SeriesStore;
  readonly retention: Pick<Retention, 'read' | 'namesSince'>;
  readonly events: ControlEvents;
  readonly readOverview: (request: OverviewRequest) => Promise<Overview>;
  readonly readNodes: () => NodeState[];
  readonly forgetNode: (node: string) => Promise<void>;
  readonly onBatch: (envelope: BatchEnvelope, report: IngestReport) => void;
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Absent without TLS, where every connection comes from this machine and agents need no certificate. */
  readonly trust?: Trust | undefined;
  /** Absent as trust is: without it there are no signed commands. */
  readonly desk?: CommandDesk | undefined;
  readonly failover: {
    readonly failover: Pick<FailoverKeeper, 'readGroups' | 'findGroup'>;
    readonly questions: QuestionDesk;
    readonly state: Pick<StateStore, 'readEntries' | 'readAudit'>;
  };
  readonly orders?: OrderDesk | undefined;
};
