import { z } from 'zod';
import { defaultFleetPolicy } from '../fleet/fleet.ts';
import { AppError } from '../protocol/errors.ts';
import { readConfigFile } from '../runtime/config-file.ts';
import { defaultDataDir } from '../runtime/data-dir.ts';
import { isLoopbackHost } from '../runtime/loopback.ts';

const loopbackHost = z
  .string()
  .refine(isLoopbackHost, 'Only a loopback address may be listened on: there is no sign-in yet');

/** Control's YAML file. Every part has a default, so that no file is needed. */
export const controlConfigSchema = z.strictObject({
  listen: z
    .strictObject({ host: loopbackHost.default('127.0.0.1'), port: z.number().int().min(0).max(65_535).default(7400) })
    .prefault({}),
  /** Names, besides localhost, under which a browser may ask for the console (behind a proxy or a tunnel). */
  names: z.array(z.string().min(1).max(253)).max(100).default([]),
  dataDir: z
    .string()
    .min(1)
    .prefault(() => defaultDataDir('control')),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  ingest: z
    .strictObject({
      /** Compressed bytes of batches that are being received or written; above it agents are asked to wait. */
      inFlightBytesMax: z
        .number()
        .int()
        .min(1)
        .default(64 * 1024 * 1024),
    })
    .prefault({}),
  retention: z
    .strictObject({
      linesDays: z.number().int().min(1).default(184),
      storiesDays: z.number().int().min(1).default(184),
      /** When, in cron's notation and the machine's time zone. */
      at: z.string().default('17 3 * * *'),
    })
    .prefault({}),
  fleet: z
    .strictObject({
      heartbeatMs: z.number().int().min(100).default(2000),
      staleAfterMs: z.number().int().min(1000).default(defaultFleetPolicy.staleAfterMs),
      downAfterMs: z.number().int().min(1000).default(defaultFleetPolicy.downAfterMs),
    })
    .prefault({}),
});
export type ControlConfig = z.infer<typeof controlConfigSchema>;

export type ControlFlags = {
  readonly config?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly 'data-dir'?: string | undefined;
};

/** The file first, flags over it; throws `bad-config` with every fault. */
export async function readControlConfig(flags: ControlFlags): Promise<ControlConfig> {
  const base =
    flags.config === undefined
      ? controlConfigSchema.parse({})
      : await readConfigFile(controlConfigSchema, flags.config);
  const result = controlConfigSchema.safeParse({
    ...base,
    dataDir: flags['data-dir'] ?? base.dataDir,
    listen: {
      host: flags.host ?? base.listen.host,
      port: flags.port === undefined ? base.listen.port : Number(flags.port),
    },
  });
  if (result.success) return result.data;
  throw new AppError(
    'bad-config',
    result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
  );
}
