import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import {
  type BatchEnvelope,
  batchAckSchema,
  batchEnvelopeSchema,
  batchHeaderName,
  batchLimits,
  storedOffsetsSchema,
} from '../../protocol/ingest.ts';
import { protocolVersion } from '../../protocol/version.ts';
import { admitAgent } from '../trust/admit-agent.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, HttpOptions, TypedApp } from './typed-app.ts';

/** Batches of one node at once: it may fill no more of the room than this, however slowly it sends them. */
export const batchesPerNodeMax = 8;

/**
 * The bulk channel: `POST /ingest/v1/batches` and `GET /ingest/v1/offsets`. A body's length is set aside before its first
 * byte is read, so that many agents at once cannot fill the memory; who does not fit is told to come back (503, Retry-After).
 */
export function registerIngest(
  app: TypedApp,
  options: Pick<HttpOptions, 'inFlightBytesMax'>,
  deps: Pick<HttpDeps, 'store' | 'events' | 'onBatch' | 'trust'>,
): void {
  const { store, events, onBatch, trust } = deps;
  let inFlightBytes = 0;
  const inFlightByNode = new Map<string, number>();

  // The body is left on the wire until the envelope is known to be sound and there is room for it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/zstd', (_request, _payload, done) => done(null));

  app.post(
    '/ingest/v1/batches',
    {
      schema: {
        tags: ['ingest'],
        summary: 'One batch of raw lines: a zstd body, its envelope in the header `mailward-batch`',
        consumes: ['application/zstd'],
        headers: z.looseObject({
          [batchHeaderName]: z.string().describe('The envelope as JSON, other than ASCII characters escaped'),
        }),
        response: { 200: batchAckSchema, ...problemResponses },
      },
    },
    async (request) => {
      try {
        // First of all, so that nobody without a certificate has more than that said of him.
        trust?.peerOf(request.socket);
        const envelope = readEnvelope(request.headers[batchHeaderName]);
        admitAgent(trust, request.socket, envelope.node);
        const bodyBytes = readLength(request.headers['content-length']);
        if (inFlightBytes + bodyBytes > options.inFlightBytesMax)
          throw new AppError('overloaded', 'Too many batches are being stored', { hint: 'Send it again in a moment' });
        const ofNode = inFlightByNode.get(envelope.node) ?? 0;
        if (ofNode >= batchesPerNodeMax)
          throw new AppError('overloaded', `${ofNode} batches of ${envelope.node} are on their way already`);
        inFlightByNode.set(envelope.node, ofNode + 1);
        inFlightBytes += bodyBytes;
        events.inFlight(inFlightBytes);
        try {
          const body = await readBody(request.raw, bodyBytes);
          const report = await store.ingest(envelope, body);
          events.batchStored(envelope, bodyBytes, report);
          if (envelope.isPast !== true) onBatch(envelope, report);
          return report.ack;
        } finally {
          const left = (inFlightByNode.get(envelope.node) ?? 1) - 1;
          if (left === 0) inFlightByNode.delete(envelope.node);
          else inFlightByNode.set(envelope.node, left);
          inFlightBytes -= bodyBytes;
          events.inFlight(inFlightBytes);
        }
      } catch (error) {
        events.batchRefused(error);
        throw error;
      }
    },
  );

  app.get(
    '/ingest/v1/offsets',
    {
      schema: {
        tags: ['ingest'],
        summary: 'How far each source of a node is stored',
        querystring: z.object({ node: z.string().min(1).max(255) }),
        response: { 200: storedOffsetsSchema, ...problemResponses },
      },
    },
    async (request) => {
      admitAgent(trust, request.socket, request.query.node);
      const sources = await store.readOffsets(request.query.node);
      return { node: request.query.node, sources: [...sources] };
    },
  );
}

function readEnvelope(header: string): BatchEnvelope {
  let json: unknown;
  try {
    json = JSON.parse(header);
  } catch {
    throw new AppError('bad-request', `The header ${batchHeaderName} is not JSON`);
  }
  const versionOnly = z.object({ protocolVersion: z.number() }).safeParse(json);
  if (versionOnly.success && versionOnly.data.protocolVersion !== protocolVersion)
    throw new AppError(
      'protocol-mismatch',
      `Control speaks protocol ${protocolVersion}, the batch is of protocol ${versionOnly.data.protocolVersion}`,
      { hint: 'Bring agent and control to the same release' },
    );
  const envelope = batchEnvelopeSchema.safeParse(json);
  if (!envelope.success) {
    const faults = envelope.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new AppError('bad-request', `The header ${batchHeaderName} is not an envelope: ${faults}`);
  }
  if (envelope.data.lastOffset < envelope.data.firstOffset)
    throw new AppError('bad-request', 'The batch ends before it begins: lastOffset < firstOffset');
  return envelope.data;
}

function readLength(header: string | undefined): number {
  const bodyBytes = Number(header);
  if (header === undefined || !Number.isInteger(bodyBytes) || bodyBytes < 0)
    throw new AppError('bad-request', 'A batch states its Content-Length');
  if (bodyBytes > batchLimits.bodyBytesMax)
    throw new AppError('too-large', `A batch of ${bodyBytes} bytes; at most ${batchLimits.bodyBytesMax} are taken`);
  return bodyBytes;
}

/** Into one buffer of its own, which can then be handed to the store's worker without a copy. */
export async function readBody(stream: AsyncIterable<Buffer>, bodyBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(bodyBytes);
  let at = 0;
  for await (const chunk of stream) {
    body.set(chunk, at);
    at += chunk.length;
  }
  if (at !== bodyBytes) throw new AppError('bad-request', `The body ended after ${at} of ${bodyBytes} bytes`);
  return body;
}
