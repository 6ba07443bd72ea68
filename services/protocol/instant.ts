import { z } from 'zod';

/**
 * A point in time: milliseconds since the epoch in memory, ISO 8601 UTC with milliseconds wherever a person or another
 * program reads it. Fields that hold one are named `time` or `…At`; durations are plain numbers named `…Ms`. Bodies are
 * written with `z.encode(schema, value)` and read with `schema.parse(json)`.
 */
export const instant = z.codec(z.iso.datetime({ offset: true }), z.number(), {
  decode: (isoText) => Date.parse(isoText),
  encode: (epochMs) => new Date(epochMs).toISOString(),
});
