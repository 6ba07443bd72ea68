import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import {
  type ScrapeEnvelope,
  scrapeAckSchema,
  scrapeEnvelopeSchema,
  scrapeHeaderName,
  seriesAnswerSchema,
  seriesLimits,
  seriesNamesSchema,
  seriesQuerySchema,
} from '../../protocol/series.ts';
import { protocolVersion } from '../../protocol/version.ts';
import { admitAgent } from '../trust/admit-agent.ts';
import { problemResponses } from './openapi.ts';
import { readBody } from './routes-ingest.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

const hourMs = 3_600_000;
/** Steps of an answer when none was asked for. */
const stepsWanted = 120;

/** Bodies of scrapes that are being received or written; many agents that come at once are told to come back. */
export const scrapesInFlightMax = 32;

/** What agents push: `POST /ingest/v1/scrapes`. The body stays on the wire until its envelope is known to be sound. */
export function registerScrapes(app: TypedApp, deps: Pick<HttpDeps, 'series' | 'events' | 'clock' | 'trust'>): void {
  const { series, events, clock, trust } = deps;
  let inFlight = 0;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/zstd', (_request, _payload, done) => done(null));

  app.post(
    '/ingest/v1/scrapes',
    {
      schema: {
        tags: ['ingest'],
        summary: 'All samples of a node at one time: JSON under zstd, its envelope in the header `mailward-scrape`',
        consumes: ['application/zstd'],
        headers: z.looseObject({ [scrapeHeaderName]: z.string().describe('The envelope as JSON') }),
        response: { 200: scrapeAckSchema, ...problemResponses },
      },
    },
    async (request) => {
      try {
        // First of all, so that nobody without a certificate has more than that said of him.
        trust?.peerOf(request.socket);
        const envelope = readEnvelope(request.headers[scrapeHeaderName]);
        admitAgent(trust, request.socket, envelope.node);
        const bodyBytes = readLength(request.headers['content-length']);
        if (inFlight >= scrapesInFlightMax)
          throw new AppError('overloaded', 'Too many scrapes are being kept', { hint: 'Send it again in a moment' });
        inFlight += 1;
        try {
          const report = await series.write(envelope, await readBody(request.raw, bodyBytes), clock.now());
          events.scrapeTaken(envelope, bodyBytes, report);
          return report.ack;
        } finally {
          inFlight -= 1;
        }
      } catch (error) {
        events.scrapeRefused(error);
        throw error;
      }
    },
  );
}

/** What is kept of them: `/api/v1/series`, `/api/v1/series/names`. */
export function registerSeriesRoutes(app: TypedApp, deps: Pick<HttpDeps, 'series' | 'clock'>): void {
  const { series, clock } = deps;
  const tags = ['fleet'];
  app.get(
    '/api/v1/series',
    {
      schema: {
        tags,
        summary: 'The values of one metric by step, for every series that matches; a step without a sample is null',
        querystring: seriesQuerySchema,
        response: { 200: seriesAnswerSchema, ...problemResponses },
      },
    },
    (request) => {
      const { name, match = [], function: how } = request.query;
      const until = request.query.until ?? clock.now();
      const since = request.query.since ?? until - hourMs;
      const stepMs = request.query.stepMs ?? Math.max(60_000, Math.ceil((until - since) / stepsWanted));
      return series.readRange({ name, matchers: match, since, until, stepMs, function: how });
    },
  );
  app.get(
    '/api/v1/series/names',
    {
      schema: {
        tags,
        summary: 'Every metric that something is kept of',
        response: { 200: seriesNamesSchema, ...problemResponses },
      },
    },
    () => series.listNames(),
  );
}

function readEnvelope(header: string): ScrapeEnvelope {
  let json: unknown;
  try {
    json = JSON.parse(header);
  } catch {
    throw new AppError('bad-request', `The header ${scrapeHeaderName} is not JSON`);
  }
  const versionOnly = z.object({ protocolVersion: z.number() }).safeParse(json);
  if (versionOnly.success && versionOnly.data.protocolVersion !== protocolVersion)
    throw new AppError(
      'protocol-mismatch',
      `Control speaks protocol ${protocolVersion}, the scrape is of protocol ${versionOnly.data.protocolVersion}`,
      { hint: 'Bring agent and control to the same release' },
    );
  const envelope = scrapeEnvelopeSchema.safeParse(json);
  if (envelope.success) return envelope.data;
  const faults = envelope.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new AppError('bad-request', `The header ${scrapeHeaderName} is not an envelope: ${faults}`);
}

function readLength(header: string | undefined): number {
  const bodyBytes = Number(header);
  if (header === undefined || !Number.isInteger(bodyBytes) || bodyBytes < 0)
    throw new AppError('bad-request', 'A scrape states its Content-Length');
  if (bodyBytes > seriesLimits.bodyBytesMax)
    throw new AppError('too-large', `A scrape of ${bodyBytes} bytes; at most ${seriesLimits.bodyBytesMax} are taken`);
  return bodyBytes;
}
