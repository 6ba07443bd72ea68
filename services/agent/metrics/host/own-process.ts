import { single } from '../family.ts';
import type { Sampler } from '../sampler.ts';

/** What the agent itself costs its node, under the names that every client library of Prometheus uses. */
export function createOwnProcessSampler(config: { readonly cadenceMs: number; readonly limitMs: number }): Sampler {
  return {
    name: 'agent',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async () => {
      const { user, system } = process.cpuUsage();
      return [
        single('process_cpu_seconds_total', 'counter', 'CPU time of the agent.', (user + system) / 1e6),
        single('process_resident_memory_bytes', 'gauge', 'Resident memory of the agent.', process.memoryUsage.rss()),
        single(
          'process_start_time_seconds',
          'gauge',
          'When the agent started, seconds since the epoch.',
          Math.round(performance.timeOrigin) / 1000,
        ),
      ];
    },
  };
}
