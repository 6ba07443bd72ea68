import { realpath, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, readBounded } from '../bounded-read.ts';
import type { Family, Sample } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { findMount } from './mounts.ts';
import { parseMdstat, type RaidArray } from './raid.ts';

/** What a directory is for (`queue`, `store`, `log` …) and where it is. */
export type WatchedDirectory = { readonly use: string; readonly path: string };
type Cadence = { readonly procRoot: string; readonly cadenceMs: number; readonly limitMs: number };

/** Space, inodes and writability of the file systems that mail needs. A directory that does not exist is absent. */
export function createFilesystemSampler(
  config: Cadence & { readonly directories: readonly WatchedDirectory[] },
): Sampler {
  return {
    name: 'filesystems',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (_signal, problem) => {
      const mounts = (await readBounded(join(config.procRoot, 'self', 'mounts'), 1024 * 1024)) ?? '';
      const rows: { labels: Record<string, string>; values: Record<string, number> }[] = [];
      for (const { use, path } of config.directories) {
        try {
          const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
          const mount = findMount(mounts, await realpath(path));
          rows.push({
            labels: { use, path },
            values: {
              size: blocks * bsize,
              free: bfree * bsize,
              available: bavail * bsize,
              // A file system without a fixed number of inodes (btrfs) says 0: then there is no such limit.
              ...(files > 0 ? { inodes: files, inodesFree: ffree } : {}),
              ...(mount === undefined ? {} : { readOnly: mount.isReadOnly ? 1 : 0 }),
            },
          });
        } catch (error) {
          if (!isMissing(error)) problem(error);
        }
      }
      const gauge = (name: string, value: string, help: string): Family => ({
        name: `mailward_filesystem_${name}`,
        type: 'gauge',
        help,
        samples: rows.flatMap((row): Sample[] => {
          const known = row.values[value];
          return known === undefined ? [] : [{ labels: row.labels, value: known }];
        }),
      });
      return [
        gauge('size_bytes', 'size', 'Size of the file system that a mail directory is on.'),
        gauge('free_bytes', 'free', 'Free space, with what is kept for root.'),
        gauge('available_bytes', 'available', 'Free space for ordinary users, as mail daemons are.'),
        gauge('inodes', 'inodes', 'Files that the file system can hold.'),
        gauge('inodes_free', 'inodesFree', 'Files that it can still take.'),
        gauge('read_only', 'readOnly', 'Whether it is mounted read-only.'),
      ];
    },
  };
}

/** Members of each software RAID array; nothing where the kernel has none. */
export function createRaidSampler(config: Cadence): Sampler {
  return {
    name: 'raid',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async () => {
      const text = await readBounded(join(config.procRoot, 'mdstat'), 256 * 1024);
      const arrays = parseMdstat(text ?? '');
      if (arrays.length === 0) return [];
      const gauge = (name: string, help: string, read: (array: RaidArray) => number | undefined): Family => ({
        name: `mailward_raid_${name}`,
        type: 'gauge',
        help,
        samples: arrays.flatMap((array): Sample[] => {
          const value = read(array);
          return value === undefined ? [] : [{ labels: { device: array.device, level: array.level }, value }];
        }),
      });
      return [
        gauge('active', 'Whether the array is active.', ({ isActive }) => (isActive ? 1 : 0)),
        gauge('members', 'Members that the array should have.', ({ members }) => members),
        gauge('members_in_sync', 'Members that hold the whole data.', ({ membersInSync }) => membersInSync),
        gauge('members_failed', 'Members that the kernel has given up.', ({ failed }) => failed),
        gauge(
          'sync_progress_ratio',
          'How far a recovery, resync, check or reshape has come; absent when none runs.',
          ({ progressRatio }) => progressRatio,
        ),
      ];
    },
  };
}
