import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { timeZoneName } from '../protocol/time-zone.ts';
import { readConfigFile } from '../runtime/config-file.ts';
import { defaultDataDir } from '../runtime/data-dir.ts';
import { leaseKeeperConfigSchema } from '../runtime/lease/lease-keeper.ts';
import { isLoopbackHost } from '../runtime/loopback.ts';
import { actionsConfigSchema } from './actions/actions-config.ts';
import { journalConfigSchema } from './journal/journal-config.ts';
import { nodeMetricsConfigSchema } from './metrics/metrics-config.ts';
import { syslogConfigSchema } from './syslog/syslog-config.ts';
import { type Identity, readIdentity } from './trust/identity.ts';

const controlUrl = z
  .url({ protocol: /^https?$/ })
  .refine(
    (url) => url.startsWith('https:') || isLoopbackHost(new URL(url).hostname.replace(/^\[|\]$/g, '')),
    'Without TLS control is reached over loopback only: give an address with https, and join with `mailward join`',
  );
const localControl = 'http://127.0.0.1:7400';
/** A path or a glob; relative ones count from where the agent is started. */
const filePattern = z
  .string()
  .min(1)
  .max(4096)
  .transform((pattern) => (isAbsolute(pattern) ? pattern : resolve(pattern)));

/** The agent's YAML file. Every part has a default, so that no file is needed. */
export const agentConfigSchema = z.strictObject({
  /** Else the name that it joined under, else the host's. */
  node: z.string().min(1).max(255).optional(),
  /** Else where it joined, else this machine. */
  control: controlUrl.optional(),
  files: z.array(filePattern).min(1).max(100).prefault(['/var/log/mail.log']),
  /** The systemd journal is read too when this is there, be it empty (`journal: {}`). */
  journal: journalConfigSchema.optional(),
  syslog: syslogConfigSchema.optional(),
  actions: actionsConfigSchema.prefault({}),
  /** The lease process is kept running when this is there, be it empty (`lease: {}`). */
  lease: leaseKeeperConfigSchema.optional(),
  dataDir: z
    .string()
    .min(1)
    .prefault(() => defaultDataDir('agent')),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  metrics: nodeMetricsConfigSchema
    .extend({
      host: z.string().refine(isLoopbackHost, 'Only a loopback address may be listened on').default('127.0.0.1'),
      port: z.number().int().min(0).max(65_535).default(9154),
    })
    .prefault({}),
  tail: z
    .strictObject({
      /** How often files are looked at even when nothing was heard of them. */
      pollMs: z.number().int().min(50).max(60_000).default(1000),
      /** A file that is read to its end is closed after this long without a change. */
      quietMs: z.number().int().min(1000).default(60_000),
    })
    .prefault({}),
  /** IANA zone in which times without one are written; the machine's unless named. */
  timeZone: timeZoneName.prefault(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
});
/** With the node's identity where control is reached with TLS. */
export type AgentConfig = z.infer<typeof agentConfigSchema> & {
  readonly node: string;
  readonly control: string;
  readonly identity?: Identity | undefined;
};

export type AgentFlags = {
  readonly config?: string | undefined;
  readonly node?: string | undefined;
  readonly control?: string | undefined;
  readonly file?: string[] | undefined;
  readonly 'data-dir'?: string | undefined;
  readonly 'metrics-port'?: string | undefined;
};

/** The file first, flags over it; throws `bad-config` with every fault. */
export async function readAgentConfig(flags: AgentFlags): Promise<AgentConfig> {
  const base =
    flags.config === undefined ? agentConfigSchema.parse({}) : await readConfigFile(agentConfigSchema, flags.config);
  const port = flags['metrics-port'];
  const result = agentConfigSchema.safeParse({
    ...base,
    node: flags.node ?? base.node,
    control: flags.control ?? base.control,
    files: flags.file ?? base.files,
    dataDir: flags['data-dir'] ?? base.dataDir,
    metrics: { ...base.metrics, port: port === undefined ? base.metrics.port : Number(port) },
  });
  if (result.success) return { ...result.data, ...(await resolveIdentity(result.data)) };
  const faults = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AppError('bad-config', faults.join('\n'));
}

/**
 * Who this node is and where its control is: what it is told, else what it joined.
 * @throws AppError `missing` when control is reached with TLS and the node has not joined, `bad-config` under another name.
 */
async function resolveIdentity(
  told: z.infer<typeof agentConfigSchema>,
): Promise<Pick<AgentConfig, 'node' | 'control' | 'identity'>> {
  const isLocal = told.control?.startsWith('http:') === true;
  const identity = isLocal ? undefined : await readIdentity(told.dataDir);
  const control = told.control ?? identity?.control ?? localControl;
  if (control.startsWith('http:')) return { node: told.node ?? hostname(), control };
  if (identity === undefined)
    throw new AppError('missing', `This node has not joined: there is no identity in ${told.dataDir}`, {
      hint: `Run \`mailward join --control ${control} --token-file -\`, with a token from \`mailward token create\` on control's machine`,
    });
  if (told.node !== undefined && told.node !== identity.node)
    throw new AppError('bad-config', `node: this node has joined as ${identity.node} and is called ${told.node} here`, {
      hint: 'Leave the name out, or join anew under the other one',
    });
  return { node: identity.node, control, identity };
}
