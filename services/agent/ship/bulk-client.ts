import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { problemSchema } from '../../protocol/errors.ts';
import {
  asciiJson,
  type BatchAck,
  type BatchEnvelope,
  batchAckSchema,
  batchHeaderName,
  encodeBatchEnvelope,
  type StoredOffsets,
  storedOffsetsSchema,
} from '../../protocol/ingest.ts';
import { scrapeAckSchema, scrapeHeaderName } from '../../protocol/series.ts';
import type { AgentEvents } from '../events.ts';
import type { SendScrape } from '../metrics/push.ts';
import { backoffMs } from './backoff.ts';
import { askOverHttp, createConnections, type Question } from './http-client.ts';

/** One request; a store that takes longer is asked again, which costs nothing: a range is stored once. */
const requestTimeoutMs = 60_000;
/** As many as batches on their way, and one for a question beside them. */
export const connectionsMax = 5;

export type BulkClient = {
  /** Sends until control has it. Rejects when `signal` ends the agent, and as {@link isOutOfSequence} says. */
  readonly ship: (envelope: BatchEnvelope, body: Buffer<ArrayBuffer>) => Promise<BatchAck>;
  readonly fetchOffsets: (node: string) => Promise<StoredOffsets>;
  /** One attempt: samples do not wait in the way of lines. */
  readonly pushScrape: SendScrape;
};

/** The bulk channel to control. Control away, busy or unwilling: wait and send again; the files are the buffer. */
export function createBulkClient(
  controlUrl: string,
  deps: {
    readonly events: Pick<AgentEvents, 'requestRetried'>;
    readonly random: () => number;
    readonly signal: AbortSignal;
    /** With TLS: those that show the node's certificate of the moment. */
    readonly connections?: (() => Agent) | undefined;
  },
): BulkClient {
  const { events, random, signal } = deps;

  async function insist<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RefusalError && error.code === outOfSequence) throw error;
        const asked = error instanceof RefusalError ? error.retryAfterMs : 0;
        const waitMs = Math.max(backoffMs(attempt, random()), asked);
        events.requestRetried(attempt, waitMs, error);
        await delay(waitMs, undefined, { signal });
      }
    }
  }

  const plain = createConnections(connectionsMax);
  const connections = deps.connections ?? (() => plain);

  async function request(path: string, question: Omit<Question, 'signal'>): Promise<unknown> {
    const answer = await askOverHttp(
      new URL(path, controlUrl),
      { ...question, signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]) },
      connections(),
    );
    if (answer.status >= 200 && answer.status < 300) return answer.json;
    throw new RefusalError(answer.status, answer.json, Number(answer.headers['retry-after']) * 1000 || 0);
  }

  return {
    ship: (envelope, body) =>
      insist(async () => {
        const headers = { 'content-type': 'application/zstd', [batchHeaderName]: encodeBatchEnvelope(envelope) };
        return batchAckSchema.parse(await request('/ingest/v1/batches', { method: 'POST', headers, body }));
      }),
    fetchOffsets: (node) =>
      insist(async () =>
        storedOffsetsSchema.parse(await request(`/ingest/v1/offsets?node=${encodeURIComponent(node)}`, {})),
      ),
    pushScrape: async (envelope, body) => {
      const headers = { 'content-type': 'application/zstd', [scrapeHeaderName]: asciiJson(envelope) };
      return scrapeAckSchema.parse(await request('/ingest/v1/scrapes', { method: 'POST', headers, body }));
    },
  };
}

const outOfSequence = 'out-of-sequence';

/** Control has a part of the batch and cannot tell which: ask how far it has the source, and read again from there. */
export const isOutOfSequence = (error: unknown): boolean =>
  error instanceof RefusalError && error.code === outOfSequence;

/** Control will not take this one, however often it is sent. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof RefusalError && (error.code === 'bad-request' || error.code === 'too-large');

/** Control answered, but not with yes. */
class RefusalError extends Error {
  readonly code: string;
  readonly retryAfterMs: number;
  constructor(status: number, body: unknown, retryAfterMs: number) {
    const problem = problemSchema.safeParse(body);
    super(problem.success ? problem.data.detail : `control answered with status ${status}`);
    this.name = 'RefusalError';
    this.code = problem.success ? problem.data.code : `status-${status}`;
    this.retryAfterMs = retryAfterMs;
  }
}
