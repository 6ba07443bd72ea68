import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);
const second = 1_000;
const minute = 60 * second;

/** The `metrics` part of an agent's configuration. Everything has a default that suits a Debian node; `null` turns a source off. */
export const nodeMetricsConfigSchema = z.strictObject({
  /** Where the kernel's files are; another place in a container that is given the host's, and in tests. */
  procRoot: z.string().default('/proc'),
  sysRoot: z.string().default('/sys'),
  postfixDirectory: z.string().default('/etc/postfix'),
  dovecotDirectory: z.string().default('/etc/dovecot'),
  /** Ports of mail services whose connections are counted. */
  ports: z.array(port).max(64).default([25, 465, 587, 110, 143, 993, 995, 4190]),
  /** Directories whose file systems are watched, and what they are for. */
  directories: z
    .array(z.strictObject({ use: z.string().min(1).max(64), path: z.string().startsWith('/') }))
    .max(64)
    .default([
      { use: 'queue', path: '/var/spool/postfix' },
      { use: 'store', path: '/var/vmail' },
      { use: 'log', path: '/var/log' },
    ]),
  /** Mail stores to size by domain: the first level is one directory for each. */
  stores: z.array(z.string().startsWith('/')).max(16).default([]),
  /** Ask Dovecot for quotas by domain: it looks at every user, so this is for the operator to turn on. */
  quotas: z.boolean().default(false),
  /** How often all of it is sent to control, which keeps it; `null` sends nothing. */
  push: z
    .strictObject({
      cadenceMs: z
        .number()
        .int()
        .min(second)
        .max(minute)
        .default(15 * second),
    })
    .nullable()
    .default({ cadenceMs: 15 * second }),
  dovecotStatsUrl: z.url().nullable().default('http://127.0.0.1:9900/metrics'),
  rspamd: z
    .strictObject({ url: z.url().default('http://127.0.0.1:11334/stat'), password: z.string().optional() })
    .nullable()
    .default({ url: 'http://127.0.0.1:11334/stat' }),
  redis: z
    .strictObject({
      address: z.union([z.strictObject({ path: z.string() }), z.strictObject({ host: z.string(), port })]),
      password: z.string().optional(),
    })
    .nullable()
    .default(null),
  mariadb: z
    .strictObject({ clientArgs: z.array(z.string()).max(32).default([]) })
    .nullable()
    .default(null),
  postgresql: z.strictObject({ connection: z.string() }).nullable().default(null),
  /** How often each kind of thing is measured, in milliseconds. */
  cadence: z
    .strictObject({
      /** What changes with every connection: queue, connections, processes, network. */
      fastMs: z
        .number()
        .int()
        .min(second)
        .default(15 * second),
      /** What daemons are asked for. */
      daemonMs: z
        .number()
        .int()
        .min(second)
        .default(30 * second),
      /** Disks, databases. */
      calmMs: z.number().int().min(second).default(minute),
      /** The clock, and what spawns a program that nobody waits for. */
      slowMs: z
        .number()
        .int()
        .min(second)
        .default(5 * minute),
      /** Quotas, and the rest between two walks of a store. */
      rareMs: z
        .number()
        .int()
        .min(minute)
        .default(6 * 60 * minute),
    })
    .prefault({}),
});
export type NodeMetricsConfig = z.infer<typeof nodeMetricsConfigSchema>;
