// Metrics of a node on their way to control (`POST /ingest/v1/scrapes`) and out of it (`GET /api/v1/series`). The terms are
// Prometheus's: a series is a name with labels, a sample its value at a time, a scrape all samples of a node at one time.
import { z } from 'zod';
import { instant } from './instant.ts';

/** Bounds of one scrape, of one answer, and of the names in them. */
export const seriesLimits = {
  /** Compressed body. */
  bodyBytesMax: 1024 * 1024,
  /** The same uncompressed. */
  rawBytesMax: 8 * 1024 * 1024,
  samplesMax: 20_000,
  nameCharsMax: 200,
  labelsMax: 16,
  labelCharsMax: 512,
  /** Steps of one answer, series in it, and values in all. */
  stepsMax: 2_000,
  seriesMax: 500,
  valuesMax: 100_000,
  matchersMax: 16,
  namesMax: 2_000,
  /** The shortest step: with less, a scrape that is a little late would look like a hole. */
  stepMsMin: 30_000,
} as const;

export const scrapeHeaderName = 'mailward-scrape';

/**
 * Travels in the header `mailward-scrape` as JSON. `sampledMs` is the node's own clock. `sequence` counts the scrapes of one
 * run of the agent, the dropped ones too, so that what never came is known. A time that is stored already is acknowledged
 * again and not stored again.
 */
export const scrapeEnvelopeSchema = z.object({
  protocolVersion: z.number().int(),
  node: z.string().min(1).max(255),
  sequence: z.number().int().nonnegative(),
  sampledMs: z.number().int().nonnegative(),
  samples: z.number().int().nonnegative().max(seriesLimits.samplesMax),
  rawBytes: z.number().int().nonnegative().max(seriesLimits.rawBytesMax),
});
export type ScrapeEnvelope = z.infer<typeof scrapeEnvelopeSchema>;

/** A counter only rises, and begins anew when what it counts begins anew; the buckets, sum and count of a histogram are counters. */
export const seriesKindSchema = z.enum(['counter', 'gauge']);
export type SeriesKind = z.infer<typeof seriesKindSchema>;

/** Names as the exposition format has them (prometheus.io, "Data model"). */
export const metricName = z
  .string()
  .max(seriesLimits.nameCharsMax)
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'A metric is named by letters, digits, _ and :');
const labelName = z
  .string()
  .max(seriesLimits.nameCharsMax)
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'A label is named by letters, digits and _');
const labelValue = z.string().max(seriesLimits.labelCharsMax);

/** The body of a scrape, as JSON under zstd: for each name its series as pairs of labels and value. */
export const scrapeSchema = z
  .array(
    z.object({
      name: metricName,
      kind: seriesKindSchema,
      samples: z.array(z.tuple([z.record(labelName, labelValue), z.number()])).max(seriesLimits.samplesMax),
    }),
  )
  .max(seriesLimits.samplesMax);
export type Scrape = z.infer<typeof scrapeSchema>;

/**
 * `stored` and `duplicate`: kept, now or before. `refused`: it will never be taken, see `reason`: its time is not believable
 * (`too-old`, `in-the-future`). `refusedSeries`: series beyond the bound of a node or of all, which were left out.
 */
export const scrapeAckSchema = z.object({
  result: z.enum(['stored', 'duplicate', 'refused']),
  reason: z.enum(['too-old', 'in-the-future']).optional(),
  samples: z.number(),
  refusedSeries: z.number(),
});
export type ScrapeAck = z.infer<typeof scrapeAckSchema>;

/** How the samples of a step become one value. `rate` is the rise of a counter by second, right across its resets. */
export const seriesFunctionSchema = z.enum(['last', 'avg', 'min', 'max', 'rate']);
export type SeriesFunction = z.infer<typeof seriesFunctionSchema>;

/** A condition on a label: `service=smtp` or `service!=smtp`; the node is the label `node`. */
const matcherText = z
  .string()
  .max(seriesLimits.nameCharsMax + seriesLimits.labelCharsMax + 2)
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*!?=/, 'A match reads label=value or label!=value')
  .transform((text) => {
    const at = text.indexOf('=');
    const isEqual = text[at - 1] !== '!';
    return { label: text.slice(0, isEqual ? at : at - 1), isEqual, value: text.slice(at + 1) };
  });
export type Matcher = z.output<typeof matcherText>;

/** `GET /api/v1/series?name=…&match=…`; `match` may be given again, and all must hold. The last hour unless told otherwise. */
export const seriesQuerySchema = z.object({
  name: metricName,
  match: z
    .union([matcherText.transform((matcher) => [matcher]), z.array(matcherText).max(seriesLimits.matchersMax)])
    .optional(),
  since: instant.optional(),
  until: instant.optional(),
  stepMs: z.coerce.number().int().min(seriesLimits.stepMsMin).optional(),
  function: seriesFunctionSchema.default('last'),
});

export const resolutionSchema = z.enum(['raw', 'minute', 'fiveMinutes', 'hour']);
export type Resolution = z.infer<typeof resolutionSchema>;

/** `values[n]` belongs to the step that begins at `since` + n · `stepMs`; `null` where there is no sample: a hole, never zero. */
export const seriesAnswerSchema = z.object({
  name: z.string(),
  function: seriesFunctionSchema,
  since: instant,
  until: instant,
  stepMs: z.number(),
  resolution: resolutionSchema,
  series: z.array(
    z.object({
      node: z.string(),
      kind: seriesKindSchema,
      labels: z.record(z.string(), z.string()),
      values: z.array(z.number().nullable()),
    }),
  ),
  /** Series that match and are not in the answer. */
  omittedSeries: z.number(),
  completeness: z.object({
    complete: z.boolean(),
    /** Steps without a sample, over all series of the answer. */
    missingValues: z.number(),
    /** What came before was removed by retention. */
    removedUntil: instant.optional(),
    sentence: z.string(),
  }),
});
export type SeriesAnswer = z.infer<typeof seriesAnswerSchema>;

/** `GET /api/v1/series/names` */
export const seriesNamesSchema = z.object({
  names: z.array(z.object({ name: z.string(), kind: seriesKindSchema, series: z.number(), nodes: z.number() })),
  omittedNames: z.number(),
});
export type SeriesNames = z.infer<typeof seriesNamesSchema>;
