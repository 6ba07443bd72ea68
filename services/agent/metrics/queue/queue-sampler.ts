import { join } from 'node:path';
import { readBounded } from '../bounded-read.ts';
import { bucketOf, type Family, histogramSamples, type Sample } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { type PostfixInstance, readInstances } from './instances.ts';
import {
  createQueueWalk,
  type QueueCount,
  type QueueWalk,
  type QueueWalkLimits,
  queueWalkLimits,
} from './queue-walk.ts';

/** The queues that `mailq` shows; each is always stated, 0 when empty. The busiest to change come first. */
const queueNames = ['maildrop', 'incoming', 'active', 'hold', 'deferred'] as const;

/** Buckets of the Prometheus Postfix exporters. */
const sizeBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const ageBounds = [1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

export type QueueSamplerConfig = {
  /** Where main.cf is; other instances are found from it. */
  readonly configDirectory: string;
  readonly procRoot: string;
  readonly cadenceMs: number;
  readonly limitMs: number;
  readonly limits?: QueueWalkLimits;
};

/**
 * `postfix_showq_*` for each queue of each instance, from the spool directories themselves, and `postfix_up`, which is 1
 * when the queue could be read and the instance's master runs. The label `postfix_instance` is the syslog_name; it is not
 * called `instance`, because Prometheus puts the scraped address under that name.
 */
export function createQueueSampler(
  config: QueueSamplerConfig,
  deps: { readonly now: () => number },
): Sampler & { readonly stop: () => Promise<void> } {
  const limits = config.limits ?? queueWalkLimits;
  const walks = new Map<string, QueueWalk>();

  async function sample(signal: AbortSignal, problem: (error: unknown) => void): Promise<Family[]> {
    const { instances, unreadable } = await readInstances(config.configDirectory);
    const budget = { names: limits.namesPerStepMax, heads: limits.headsPerStepMax };
    const rows = createRows(deps.now());
    const directories = new Set<string>();
    for (const instance of instances) {
      try {
        for (const queue of queueNames) {
          const directory = join(instance.queueDirectory, queue);
          directories.add(directory);
          const walk = walks.get(directory) ?? createQueueWalk(directory, limits);
          walks.set(directory, walk);
          await walk.step(budget, signal);
          const count = walk.count();
          if (count !== undefined) rows.addQueue(instance, queue, count);
        }
        rows.addUp(instance, await isMasterAlive(instance, config.procRoot));
      } catch (error) {
        problem(error);
        rows.addUp(instance, false);
      }
    }
    for (const [directory, walk] of walks) {
      if (directories.has(directory)) continue;
      walks.delete(directory);
      await walk.stop();
    }
    return instances.length === 0 ? [] : rows.families(unreadable.length);
  }

  return {
    name: 'postfix-queue',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample,
    stop: async () => {
      for (const walk of walks.values()) await walk.stop();
    },
  };
}

/** The lock file of master(8) holds its process id; the process must still be one called `master`. */
async function isMasterAlive(instance: PostfixInstance, procRoot: string): Promise<boolean> {
  const pid = (await readBounded(join(instance.queueDirectory, 'pid', 'master.pid'), 64))?.trim();
  if (pid === undefined || !/^\d+$/.test(pid)) return false;
  return (await readBounded(join(procRoot, pid, 'comm'), 64))?.trim() === 'master';
}

function createRows(now: number) {
  const depth: Sample[] = [];
  const unsized: Sample[] = [];
  const sizes: Sample[] = [];
  const ages: Sample[] = [];
  const oldest: Sample[] = [];
  const up: Sample[] = [];
  const nameOf = { size: 'postfix_showq_message_size_bytes', age: 'postfix_showq_message_age_seconds' } as const;

  function addQueue(instance: PostfixInstance, queue: string, count: QueueCount): void {
    const labels = { queue, postfix_instance: instance.name };
    const sizeCounts = new Array<number>(sizeBounds.length + 1).fill(0);
    const ageCounts = new Array<number>(ageBounds.length + 1).fill(0);
    let sizeSum = 0;
    let ageSum = 0;
    let oldestSeconds = 0;
    for (const { sizeBytes, arrivedAt } of count.known.values()) {
      const ageSeconds = Math.max(0, (now - arrivedAt) / 1000);
      const sizeAt = bucketOf(sizeBounds, sizeBytes);
      const ageAt = bucketOf(ageBounds, ageSeconds);
      sizeCounts[sizeAt] = (sizeCounts[sizeAt] ?? 0) + 1;
      ageCounts[ageAt] = (ageCounts[ageAt] ?? 0) + 1;
      sizeSum += sizeBytes;
      ageSum += ageSeconds;
      oldestSeconds = Math.max(oldestSeconds, ageSeconds);
    }
    depth.push({ labels, value: count.depth });
    unsized.push({ labels, value: count.depth - count.known.size });
    sizes.push(...histogramSamples(nameOf.size, labels, sizeBounds, sizeCounts, sizeSum));
    ages.push(...histogramSamples(nameOf.age, labels, ageBounds, ageCounts, ageSum));
    oldest.push({ labels, value: oldestSeconds });
  }

  return {
    addQueue,
    addUp: (instance: PostfixInstance, isUp: boolean) => {
      const path = join(instance.queueDirectory, 'public', 'showq');
      up.push({ labels: { path }, value: isUp ? 1 : 0 });
    },
    families: (unreadableInstances: number): Family[] => [
      {
        name: 'postfix_up',
        type: 'gauge',
        help: 'Whether the queue could be read and the master process runs.',
        samples: up,
      },
      { name: 'postfix_showq_queue_depth', type: 'gauge', help: 'Messages in a Postfix queue.', samples: depth },
      { name: nameOf.size, type: 'histogram', help: 'Size of messages in a Postfix queue, in bytes.', samples: sizes },
      { name: nameOf.age, type: 'histogram', help: 'Age of messages in a Postfix queue, in seconds.', samples: ages },
      {
        name: 'mailward_queue_oldest_message_age_seconds',
        type: 'gauge',
        help: 'Age of the oldest message in a Postfix queue, 0 when it is empty.',
        samples: oldest,
      },
      {
        name: 'mailward_queue_unsized_messages',
        type: 'gauge',
        help: 'Messages that the depth counts and the histograms of size and age do not have yet.',
        samples: unsized,
      },
      {
        name: 'mailward_postfix_instances_unread',
        type: 'gauge',
        help: 'Postfix instances that are configured but whose main.cf could not be read.',
        samples: [{ labels: {}, value: unreadableInstances }],
      },
    ],
  };
}
