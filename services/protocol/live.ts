// The control channel (agent → control) and the live channel (control → console), both socket.io.
import { z } from 'zod';
import { domainScope } from './domain.ts';
import { instant } from './instant.ts';
import { eventKindSchema, severitySchema } from './mail-event.ts';

/** Namespace and events of the agent's channel. The server answers `hello` with an acknowledgement of `helloReplySchema`. */
export const agentNamespace = '/agent';
export const helloSchema = z.object({
  protocolVersion: z.number().int(),
  node: z.string().min(1).max(255),
  version: z.string(),
  /** `observe-only` until its operator enables actions. */
  mode: z.enum(['observe-only', 'active']),
  startedMs: z.number(),
  pid: z.number().int(),
  /** TCP port of the agent's own metrics endpoint on its host. */
  metricsPort: z.number().int(),
  timeZone: z.string(),
});
export type Hello = z.infer<typeof helloSchema>;
export const helloReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), heartbeatMs: z.number() }),
  z.object({ ok: z.literal(false), code: z.string(), detail: z.string() }),
]);
export type HelloReply = z.infer<typeof helloReplySchema>;

/** About the lease process beside an agent. Agent → control: the first two; control → agent: the third, a LeaseQuestion, answered by a LeaseReply. */
export const leaseEvents = {
  status: 'lease-status',
  /** Acknowledged with true once it is durable; else it is sent again. */
  history: 'lease-history',
  question: 'lease-question',
} as const;

/** Sent every `heartbeatMs`: what the agent reads and how far it got. */
export const heartbeatSchema = z.object({
  node: z.string(),
  sentMs: z.number(),
  sources: z
    .array(
      z.object({
        sourceId: z.string(),
        path: z.string(),
        readOffset: z.number(),
        ackedOffset: z.number(),
        sizeBytes: z.number(),
        linesRead: z.number(),
      }),
    )
    .max(1000),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** A node as control believes it to be. */
export const nodeStateSchema = z.object({
  node: z.string(),
  state: z.enum(['up', 'stale', 'down']),
  /** Why, in a sentence. */
  sentence: z.string(),
  /** The same for other languages: a code and what it speaks of. */
  reason: z.object({ code: z.string(), args: z.record(z.string(), z.union([z.string(), z.number()])) }).optional(),
  version: z.string(),
  mode: z.enum(['observe-only', 'active']),
  connectedAt: instant.optional(),
  lastHeardAt: instant,
  /** Bytes that the agent sees in its files and control has not yet acknowledged. */
  lagBytes: z.number(),
  sources: z.number(),
});
export type NodeState = z.infer<typeof nodeStateSchema>;

/** Namespace of the console's channel. Client → server: `tail:start` (a TailFilter, answered by a TailReply), `tail:stop`. Server → client: below. */
export const liveNamespace = '/live';
export const liveEvents = {
  /** Every second or when it changes: OverviewTick. */
  overview: 'overview',
  /** Whenever a node's state changes: NodeState[]. */
  nodes: 'nodes',
  /** Whenever the picture of a lease group changes: the body of `GET /api/v1/failover/groups`. */
  failover: 'failover',
  /** At most `tailLimits.linesPerSecond`: TailChunk. */
  tail: 'tail',
} as const;
export const tailLimits = {
  linesPerSecond: 200,
  filterBytesMax: 256,
  /** Different filters that may be followed at once; pages with the same one share it. */
  filtersMax: 16,
} as const;

export const tailFilterSchema = z.object({
  text: z.string().max(tailLimits.filterBytesMax).optional(),
  node: z.string().optional(),
  kinds: z.array(eventKindSchema).optional(),
  /** Lines that name an address or a user of this domain. */
  domain: domainScope.optional(),
});
export type TailFilter = z.infer<typeof tailFilterSchema>;

export const tailLineSchema = z.object({
  node: z.string(),
  time: instant,
  kind: eventKindSchema,
  severity: severitySchema.optional(),
  service: z.string().optional(),
  queueId: z.string().optional(),
  text: z.string(),
});
export type TailLine = z.infer<typeof tailLineSchema>;

/** Acknowledges `tail:start`. */
export type TailReply = { readonly ok: true } | { readonly ok: false; readonly code: 'bad-request' | 'overloaded' };

/** `skipped`: lines that matched and were left out to keep the rate; the page says so. */
export const tailChunkSchema = z.object({ lines: z.array(tailLineSchema), skipped: z.number() });
export type TailChunk = z.infer<typeof tailChunkSchema>;
