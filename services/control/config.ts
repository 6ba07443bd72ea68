import { z } from 'zod';
import { defaultFleetPolicy } from '../fleet/fleet.ts';
import { AppError } from '../protocol/errors.ts';
import { readConfigFile } from '../runtime/config-file.ts';
import { defaultDataDir } from '../runtime/data-dir.ts';
import { leaseKeeperConfigSchema } from '../runtime/lease/lease-keeper.ts';
import { isLoopbackHost } from '../runtime/loopback.ts';
import { retentionConfigSchema } from './retention-table.ts';

/** An address, or a network as `192.0.2.0/24`. */
const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** Control's YAML file. Every part has a default, so that no file is needed. */
export const controlConfigSchema = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.number().int().min(0).max(65_535).default(7400),
      /** With TLS, agents show the certificate that their node got when it joined. */
      tls: z.boolean().default(false),
    })
    .refine(({ host, tls }) => tls || isLoopbackHost(host), {
      path: ['tls'],
      message: 'Beyond loopback control listens with TLS only: say `tls: true`, or --tls',
    })
    .prefault({}),
  /** With TLS: networks, besides this machine, whose people may see pages and API. Whoever is there sees everybody's mail log. */
  pagesFrom: z.array(network).max(100).default([]),
  /** How long a certificate of a node, and control's own, is good for. Each is renewed after two thirds of it. */
  certificateDays: z.number().min(0.00005).max(398).default(30),
  /**
   * That a proxy on this machine, or in a network of `pagesFrom`, asks people who they are before it hands on what they want: to
   * control all that it hands on comes from the proxy's own address. Without this, what carries a proxy's headers is refused.
   */
  pagesBehindProxy: z.boolean().default(false),
  /** Names, besides localhost, under which a browser may ask for the console (through a tunnel, or such a proxy). */
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
  retention: retentionConfigSchema.prefault({}),
  /**
   * A witness is kept running beside control when this is there, be it empty (`lease: {}`): a voter of lease groups in a process of
   * its own, which goes on without control; where systemd runs control, deploy/systemd/mailward-witness.service has to run it. Its
   * file names this machine as a witness, whose port is 7402 unless it says otherwise.
   */
  lease: leaseKeeperConfigSchema
    .extend({
      config: z.string().min(1).max(4096).default('/etc/mailward/witness.yaml'),
      socket: z.string().min(1).max(100).default('/run/mailward/witness/status.sock'),
    })
    .optional(),
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
  readonly tls?: boolean | undefined;
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
      tls: flags.tls ?? base.listen.tls,
    },
  });
  if (result.success) return result.data;
  throw new AppError(
    'bad-config',
    result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
  );
}
