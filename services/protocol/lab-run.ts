// A labelled run of the lab, as `mailward lab record` writes it: one folder with what the hosts logged and measured while one
// thing was wrong, and the truth about it. docs/lab-runs.md says where each file is.
import { z } from 'zod';
import { instant } from './instant.ts';

export const labRunVersion = 1;
/** The manifest's name in the folder of a run. */
export const labRunFile = 'run.json';

const findingSchema = z.object({ ok: z.boolean(), detail: z.string() });
const trafficCountSchema = z.object({ attempted: z.int(), done: z.int(), failed: z.int(), skipped: z.int() });

export const labRunSchema = z.object({
  version: z.literal(labRunVersion),
  /** The truth: what was done, to which hosts, and which failure modes are a right diagnosis (none is "unknown"). */
  truth: z.object({
    id: z.string(),
    /** A fault's family, or `benign` for what happens every day and is no fault. */
    family: z.string(),
    title: z.string(),
    hosts: z.array(z.string()),
    failureModes: z.array(z.string()),
    lookalikes: z.array(z.string()),
  }),
  /** Only a run whose signal moved as it should says anything about its fault. */
  counts: z.boolean(),
  /** The complaint of a user that proves it: before, while it was on, and afterwards. */
  signal: z.object({ check: z.string(), before: findingSchema, during: findingSchema, after: findingSchema }),
  times: z.object({
    beganAt: instant,
    injectedAt: instant,
    /** When the signal had moved; absent when it did not. */
    bitAt: instant.optional(),
    healedAt: instant,
    /** When the signal was back; absent when it did not come. */
    healthyAt: instant.optional(),
    endedAt: instant,
  }),
  hosts: z.array(z.object({ name: z.string(), role: z.string(), domains: z.array(z.string()), ipv4: z.string() })),
  traffic: z.object({ users: z.int(), ratePerSecond: z.number(), kinds: z.record(z.string(), trafficCountSchema) }),
  /** Paths below the folder. `bytes` is what the file had grown by, `kept` what is here of it. */
  logs: z.array(z.object({ host: z.string(), path: z.string(), bytes: z.int(), kept: z.int() })),
  metrics: z.array(z.object({ host: z.string(), path: z.string(), samples: z.int() })),
  /** One {@link labCheckSchema} a line. */
  checks: z.string(),
});
export type LabRun = z.infer<typeof labRunSchema>;

/** One look at the signal, or at any other check that comes to be recorded. */
export const labCheckSchema = z.object({
  time: instant,
  check: z.string(),
  host: z.string(),
  ok: z.boolean(),
  detail: z.string(),
});
export type LabCheck = z.infer<typeof labCheckSchema>;

/** One look at the metrics of a host: the first whole, each later one only what is new or other since the one before. */
export const labSampleSchema = z.object({
  time: instant,
  /** Series as the exposition format names it, labels included → value. NaN and infinities are left out. */
  series: z.record(z.string(), z.number()),
  /** Series that are no longer there. */
  gone: z.array(z.string()).optional(),
});
export type LabSample = z.infer<typeof labSampleSchema>;
