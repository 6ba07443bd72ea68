import { Registry } from 'prom-client';
import type { MailEvent } from '../../protocol/mail-event.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { type ReadCommand, readCommand as readCommandOfSystem } from './command.ts';
import { createDovecotStatsSampler } from './daemons/dovecot-stats.ts';
import { createMariadbSampler } from './daemons/mariadb.ts';
import { createPostgresqlSampler } from './daemons/postgresql.ts';
import { createRedisSampler } from './daemons/redis.ts';
import { createRspamdSampler } from './daemons/rspamd.ts';
import { createFamilyBoard, registerFamily } from './family.ts';
import { createConnectionSampler, createNetworkSampler } from './host/network-samplers.ts';
import { createOwnProcessSampler } from './host/own-process.ts';
import { createProcessSampler } from './host/process-sampler.ts';
import { createServiceLimits } from './host/service-limits.ts';
import { createFilesystemSampler, createRaidSampler } from './host/storage-samplers.ts';
import { createTimeSampler } from './host/time-sampler.ts';
import { createLogCounters } from './log/log-counters.ts';
import { observeLine } from './log/observe-line.ts';
import type { NodeMetricsConfig } from './metrics-config.ts';
import { createQueueSampler } from './queue/queue-sampler.ts';
import { createSamplers, type Sampler, type SamplerReport } from './sampler.ts';
import { createQuotaSampler } from './stores/quota-sampler.ts';
import { createStoreSampler } from './stores/store-sampler.ts';

export type NodeMetrics = {
  /** What `/metrics` shows: `await registry.metrics()`. */
  readonly registry: Registry;
  /** Counts one line of the node's own mail log; `event` is the line, understood. */
  readonly observe: (event: MailEvent, line: string) => void;
  /** Measures everything once, now. */
  readonly collect: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** How long one run of a sampler may take, by how often it runs. */
const limitMs = { fast: 10_000, daemon: 10_000, calm: 20_000, slow: 20_000, quotas: 30 * 60_000 } as const;

/** All that an agent measures of its node. Samplers run on their own until `stop`. */
export function createNodeMetrics(
  config: NodeMetricsConfig,
  deps: {
    readonly clock: Clock;
    readonly log: Logger;
    /** Where the metrics are shown; a new one unless given. */
    readonly registry?: Registry;
    readonly readCommand?: ReadCommand;
  },
): NodeMetrics {
  const { clock, log, registry = new Registry(), readCommand = readCommandOfSystem } = deps;
  const { procRoot, sysRoot, cadence } = config;
  const board = createFamilyBoard(registry);
  const counters = createLogCounters();
  counters.register(registry);

  const fast = { procRoot, cadenceMs: cadence.fastMs, limitMs: limitMs.fast };
  const daemon = { cadenceMs: cadence.daemonMs, limitMs: limitMs.daemon };
  const calm = { procRoot, cadenceMs: cadence.calmMs, limitMs: limitMs.calm };
  const now = clock.now;
  const queue = createQueueSampler({ ...fast, configDirectory: config.postfixDirectory }, { now });
  const stores = createStoreSampler({ ...calm, stores: config.stores, restMs: cadence.rareMs }, { now });
  const readLimits = createServiceLimits(config, { readCommand });
  const list: Sampler[] = [
    queue,
    createConnectionSampler({ ...fast, ports: config.ports }),
    createProcessSampler({ ...fast, sysRoot }, { readLimits }),
    createNetworkSampler(fast),
    createOwnProcessSampler(fast),
    createFilesystemSampler({ ...calm, directories: config.directories }),
    createRaidSampler(calm),
    createTimeSampler({ cadenceMs: cadence.slowMs, limitMs: limitMs.slow }, { readCommand }),
  ];
  if (config.dovecotStatsUrl !== null) list.push(createDovecotStatsSampler({ ...daemon, url: config.dovecotStatsUrl }));
  if (config.rspamd !== null)
    list.push(createRspamdSampler({ ...daemon, url: config.rspamd.url, password: config.rspamd.password }));
  if (config.redis !== null)
    list.push(createRedisSampler({ ...daemon, address: config.redis.address, password: config.redis.password }));
  if (config.mariadb !== null) list.push(createMariadbSampler({ ...calm, ...config.mariadb }, { readCommand }));
  if (config.postgresql !== null)
    list.push(createPostgresqlSampler({ ...calm, ...config.postgresql }, { readCommand }));
  if (config.stores.length > 0) list.push(stores);
  if (config.quotas)
    list.push(createQuotaSampler({ cadenceMs: cadence.rareMs, limitMs: limitMs.quotas }, { readCommand }));

  const samplers = createSamplers(list, { clock, log, show: board.show });
  registerReports(registry, samplers.reports);
  samplers.start();
  return {
    registry,
    observe: (event, line) => counters.add(observeLine(event, line)),
    collect: samplers.runAll,
    stop: async () => {
      await samplers.stop();
      await queue.stop();
      await stores.stop();
    },
  };
}

function registerReports(registry: Registry, reports: () => ReadonlyMap<string, SamplerReport>): void {
  const rows = (read: (report: SamplerReport) => number | undefined) => () =>
    [...reports()].flatMap(([sampler, report]) => {
      const value = read(report);
      return value === undefined ? [] : [{ labels: { sampler }, value }];
    });
  registerFamily(
    registry,
    {
      name: 'mailward_sampler_errors_total',
      type: 'counter',
      help: 'Runs of a sampler that failed, wholly or in part.',
    },
    rows(({ errors }) => errors),
  );
  registerFamily(
    registry,
    {
      name: 'mailward_sampler_last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When a sampler last measured all that it should, seconds since the epoch.',
    },
    rows(({ lastSuccessAt }) => (lastSuccessAt === undefined ? undefined : lastSuccessAt / 1000)),
  );
  registerFamily(
    registry,
    { name: 'mailward_sampler_duration_seconds', type: 'gauge', help: 'How long the last run of a sampler took.' },
    rows(({ lastDurationMs }) => (lastDurationMs === undefined ? undefined : lastDurationMs / 1000)),
  );
}
