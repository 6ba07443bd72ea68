import { z } from 'zod';
import { type Family, type Sample, single } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { fetchText, isNobodyThere } from './http-text.ts';
import { upFamily } from './up.ts';

const bodyBytesMax = 1024 * 1024;
/** Statistic files and fuzzy storages beyond these are left out. */
const statfilesMax = 64;
const fuzzyStoragesMax = 64;

const count = z.number().nonnegative().catch(0);
/** The answer of the controller's `/stat` (rspamd src/controller.c), as far as it is used; what a release lacks is 0 or empty. */
const statSchema = z.object({
  version: z.string(),
  read_only: z.boolean().catch(false),
  scanned: count,
  learned: count,
  actions: z.record(z.string(), count).catch({}),
  scan_times: z.array(z.number().nullable()).catch([]),
  spam_count: count,
  ham_count: count,
  connections: count,
  control_connections: count,
  bytes_allocated: count,
  total_learns: count,
  statfiles: z
    .array(
      z.object({
        symbol: z.string(),
        type: z.string(),
        revision: count,
        used: count,
        total: count,
        size: count,
        languages: count,
        users: count,
      }),
    )
    .catch([]),
  fuzzy_hashes: z.record(z.string(), count).catch({}),
});

/** Rspamd's counters under the names of its own exporter. */
export function createRspamdSampler(config: {
  readonly url: string;
  readonly password: string | undefined;
  readonly cadenceMs: number;
  readonly limitMs: number;
}): Sampler {
  return {
    name: 'rspamd',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal) => {
      try {
        const headers: Record<string, string> = config.password === undefined ? {} : { password: config.password };
        const text = await fetchText(config.url, signal, bodyBytesMax, headers);
        return [...rspamdFamilies(JSON.parse(text)), upFamily('rspamd', true)];
      } catch (error) {
        if (isNobodyThere(error)) return [upFamily('rspamd', false)];
        throw error;
      }
    },
  };
}

/**
 * The same names and labels that Rspamd's `/metrics` has, with one type put right: it states `_control_connections_total`
 * as a gauge, and it only ever rises.
 */
export function rspamdFamilies(answer: unknown): Family[] {
  const stat = statSchema.parse(answer);
  const times = stat.scan_times.filter((seconds) => seconds !== null);
  const average = times.length === 0 ? 0 : times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  const statfiles = stat.statfiles.slice(0, statfilesMax);
  const statfile = (field: 'revision' | 'used' | 'total' | 'size' | 'languages' | 'users'): Family => ({
    name: `rspamd_statfiles_${field}`,
    type: 'gauge',
    help: `Statistic files: ${field}.`,
    samples: statfiles.map((file) => ({ labels: { symbol: file.symbol, type: file.type }, value: file[field] })),
  });
  const labelled = (label: string, byValue: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(byValue)
      .slice(0, fuzzyStoragesMax)
      .map(([value, total]) => ({ labels: { [label]: value }, value: total }));
  return [
    {
      name: 'rspamd_build_info',
      type: 'gauge',
      help: 'Always 1; the version is a label.',
      samples: [{ labels: { version: stat.version }, value: 1 }],
    },
    single('rspamd_read_only', 'gauge', 'Whether this Rspamd learns nothing.', stat.read_only ? 1 : 0),
    single('rspamd_scan_time_average', 'gauge', 'Average time to scan a message lately, in seconds.', average),
    single('rspamd_scanned_total', 'counter', 'Messages scanned.', stat.scanned),
    single('rspamd_learned_total', 'counter', 'Messages learned.', stat.learned),
    single('rspamd_spam_total', 'counter', 'Messages found to be spam.', stat.spam_count),
    single('rspamd_ham_total', 'counter', 'Messages found to be no spam.', stat.ham_count),
    single('rspamd_connections', 'gauge', 'Connections that are open.', stat.connections),
    single(
      'rspamd_control_connections_total',
      'counter',
      'Connections to the controller so far.',
      stat.control_connections,
    ),
    single('rspamd_allocated_bytes', 'gauge', 'Memory in pools, in bytes.', stat.bytes_allocated),
    single('rspamd_learns_total', 'counter', 'Messages learned, over all statistic files.', stat.total_learns),
    {
      name: 'rspamd_actions_total',
      type: 'counter',
      help: 'Messages by the action that was advised.',
      samples: labelled('type', stat.actions),
    },
    statfile('revision'),
    statfile('used'),
    statfile('total'),
    statfile('size'),
    statfile('languages'),
    statfile('users'),
    {
      name: 'rspamd_fuzzy_stat',
      type: 'gauge',
      help: 'Fuzzy hashes by storage.',
      samples: labelled('storage', stat.fuzzy_hashes),
    },
  ];
}
