import { z } from 'zod';

/** What the tests read of a `lab canary --json` answer. */
export const canaryReportSchema = z.object({
  sent: z.number(),
  delivered: z.number(),
  refused: z.number(),
  missing: z.number(),
  duplicated: z.number(),
  flags: z.object({ set: z.number(), seen: z.number() }),
});
