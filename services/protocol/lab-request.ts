import { z } from 'zod';

// What the command line asks of the lab process, as one JSON argument. The lab is a process of its own (it enters
// namespaces), so its requests cross a process border like everything else here.

/** A host name of the lab: short enough that `p-NAME` fits an interface name (15 bytes, if(4)). */
export const labHostNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,11}$/, 'a host is named like mx1, at most 12 letters');
const labNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, 'a lab is named like lab or ci-1, at most 16 letters');

const base = { name: labNameSchema.default('lab'), json: z.boolean().default(false) };
export const usersMax = 5000;
export const trafficSecondsMax = 3600;
export const trafficRateMax = 200;
export const canariesMax = 1000;
export const faultTtlSecondsMax = 3600;

export const labRequestSchema = z.discriminatedUnion('command', [
  z.object({
    command: z.literal('up'),
    ...base,
    topology: z.string().default('default'),
    pagePort: z.int().min(0).max(65_535).default(7400),
  }),
  z.object({ command: z.literal('status'), ...base }),
  z.object({ command: z.literal('shell'), ...base, host: labHostNameSchema }),
  z.object({ command: z.literal('exec'), ...base, host: labHostNameSchema, argv: z.array(z.string()).min(1) }),
  z.object({
    command: z.literal('logs'),
    ...base,
    host: labHostNameSchema.optional(),
    follow: z.boolean().default(false),
    lines: z.int().min(1).max(100_000).default(20),
  }),
  z.object({ command: z.literal('down'), ...base }),
  z.object({
    command: z.literal('traffic'),
    ...base,
    users: z.int().min(1).max(usersMax).default(50),
    ratePerSecond: z.number().positive().max(trafficRateMax).default(10),
    seconds: z.int().min(1).max(trafficSecondsMax).default(60),
    profile: z.enum(['flat', 'day']).default('flat'),
    /** Look every message up afterwards, and send canaries meanwhile. */
    check: z.boolean().default(false),
  }),
  z.object({ command: z.literal('canary'), ...base, count: z.int().min(1).max(canariesMax).default(20) }),
  z.object({
    command: z.literal('record'),
    ...base,
    /** `all`, or ids of faults and of benign events. */
    faults: z.array(z.string()).min(1),
    out: z.string().min(1),
    users: z.int().min(1).max(usersMax).default(50),
    ratePerSecond: z.number().positive().max(trafficRateMax).default(5),
    /** Bound of each log that is kept; all of it unless given. */
    logKiB: z.int().min(1).max(65_536).optional(),
  }),
  z.object({ command: z.literal('fault-list'), ...base }),
  z.object({
    command: z.literal('fault-inject'),
    ...base,
    fault: z.string(),
    host: labHostNameSchema.optional(),
    /** Other values of the fault's parameters. */
    values: z.record(z.string(), z.string()).default({}),
    ttlSeconds: z.int().min(1).max(faultTtlSecondsMax).default(300),
  }),
  z.object({
    command: z.literal('fault-heal'),
    ...base,
    fault: z.string().optional(),
    host: labHostNameSchema.optional(),
    all: z.boolean().default(false),
  }),
  z.object({
    command: z.literal('fault-verify'),
    ...base,
    from: z.string().optional(),
    only: z.array(z.string()).default([]),
  }),
]);
export type LabRequest = z.infer<typeof labRequestSchema>;
export type LabRequestOf<Command extends LabRequest['command']> = Extract<LabRequest, { command: Command }>;
