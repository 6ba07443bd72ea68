import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Family } from '../family.ts';
import { instancesMax, readInstances } from './instances.ts';
import { createQueueSampler } from './queue-sampler.ts';
import { createQueueWalk, type QueueWalkLimits, queueWalkLimits } from './queue-walk.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
let root: string;
const never = new AbortController().signal;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailward-queue-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function writeMessage(file: string, options: { sizeBytes?: number; ageSeconds?: number; mode?: number } = {}) {
  const { sizeBytes = 100, ageSeconds = 5, mode = 0o700 } = options;
  const record = (type: string, text: string) => `${type}${String.fromCharCode(text.length)}${text}`;
  const head =
    record('C', `${String(sizeBytes).padStart(15)} ${'200'.padStart(15)} ${'1'.padStart(15)}`) +
    record('T', `${Math.floor((now - ageSeconds * 1000) / 1000)} 0`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, head, { mode });
}

async function configure(directory: string, lines: readonly string[]): Promise<void> {
  await mkdir(join(root, directory), { recursive: true });
  await writeFile(join(root, directory, 'main.cf'), `${lines.join('\n')}\n`);
}

function sampler(limits?: QueueWalkLimits) {
  const problems: unknown[] = [];
  const made = createQueueSampler(
    {
      configDirectory: join(root, 'etc'),
      procRoot: join(root, 'proc'),
      cadenceMs: 1000,
      limitMs: 1000,
      ...(limits === undefined ? {} : { limits }),
    },
    { now: () => now },
  );
  return { problems, stop: made.stop, sample: () => made.sample(never, (error) => problems.push(error)) };
}

function value(families: readonly Family[], name: string, labels: Record<string, string>): number | undefined {
  return families
    .flatMap((family) => family.samples.map((sample) => ({ name: sample.metricName ?? family.name, sample })))
    .find((row) => row.name === name && JSON.stringify(row.sample.labels) === JSON.stringify(labels))?.sample.value;
}

test('empty queues are 0, not absent, even before their directories exist', async () => {
  await configure('etc', [`queue_directory = ${root}/spool`]);
  const { sample, stop, problems } = sampler();
  const families = await sample();
  for (const queue of ['maildrop', 'incoming', 'active', 'deferred', 'hold']) {
    const labels = { queue, postfix_instance: 'postfix' };
    expect(value(families, 'postfix_showq_queue_depth', labels)).toBe(0);
    expect(value(families, 'postfix_showq_message_size_bytes_count', labels)).toBe(0);
    expect(value(families, 'postfix_showq_message_age_seconds_count', labels)).toBe(0);
    expect(value(families, 'mailward_queue_oldest_message_age_seconds', labels)).toBe(0);
  }
  expect(problems).toEqual([]);
  await stop();
});

test('where there is no Postfix nothing is stated', async () => {
  expect(await sampler().sample()).toEqual([]);
});

test('size, age and depth of each queue and instance, through hash directories', async () => {
  await configure('etc', [
    `queue_directory = ${root}/in`,
    `multi_instance_directories = ${root}/etc-out, ${root}/etc-gone`,
  ]);
  await configure('etc-out', [`queue_directory = ${root}/out`, 'multi_instance_name = postfix-out']);
  await writeMessage(join(root, 'in/deferred/4/4F00000001'), { sizeBytes: 2_500, ageSeconds: 90_000 });
  await writeMessage(join(root, 'in/deferred/A/AF00000002'), { sizeBytes: 500, ageSeconds: 50 });
  await writeMessage(join(root, 'in/incoming/4F00000003'), { mode: 0o600 });
  await writeMessage(join(root, 'out/hold/4F00000004'));
  const { sample, stop } = sampler();
  const families = await sample();
  const deferred = { queue: 'deferred', postfix_instance: 'postfix' };
  expect(value(families, 'postfix_showq_queue_depth', deferred)).toBe(2);
  expect(value(families, 'postfix_showq_message_size_bytes_sum', deferred)).toBe(3_000);
  expect(value(families, 'postfix_showq_message_size_bytes_bucket', { ...deferred, le: '1000' })).toBe(1);
  expect(value(families, 'postfix_showq_message_age_seconds_sum', deferred)).toBe(90_050);
  expect(value(families, 'postfix_showq_message_age_seconds_bucket', { ...deferred, le: '100' })).toBe(1);
  expect(value(families, 'mailward_queue_oldest_message_age_seconds', deferred)).toBe(90_000);
  // What is still being written is no message yet.
  expect(value(families, 'postfix_showq_queue_depth', { queue: 'incoming', postfix_instance: 'postfix' })).toBe(0);
  expect(value(families, 'postfix_showq_queue_depth', { queue: 'hold', postfix_instance: 'postfix-out' })).toBe(1);
  expect(value(families, 'mailward_postfix_instances_unread', {})).toBe(1);
  await stop();
});

test('more instances than are looked at are named as unread', async () => {
  const others = Array.from({ length: instancesMax + 2 }, (_, at) => `${root}/etc-${at}`);
  await configure('etc', [`queue_directory = ${root}/spool`, `multi_instance_directories = ${others.join(' ')}`]);
  for (const [at] of others.entries()) await configure(`etc-${at}`, [`queue_directory = ${root}/spool-${at}`]);
  const { instances, unreadable } = await readInstances(join(root, 'etc'));
  expect(instances).toHaveLength(instancesMax);
  expect(unreadable).toHaveLength(3);
});

test('directories deeper than a queue has are not entered', async () => {
  const deep = Array.from({ length: queueWalkLimits.depthMax }, () => 'A').join('/');
  await writeMessage(join(root, `deferred/${deep}/4F00000001`));
  await writeMessage(join(root, `deferred/${deep.slice(2)}/4F00000002`));
  const walk = createQueueWalk(join(root, 'deferred'));
  await walk.step({ names: 100, heads: 100 }, never);
  expect([...(walk.count()?.known.keys() ?? [])]).toEqual(['4F00000002']);
});

test('an instance is up while the master that its lock file names runs', async () => {
  await configure('etc', [`queue_directory = ${root}/spool`]);
  const { sample, stop } = sampler();
  const path = { path: join(root, 'spool/public/showq') };
  expect(value(await sample(), 'postfix_up', path)).toBe(0);
  await mkdir(join(root, 'spool/pid'), { recursive: true });
  await mkdir(join(root, 'proc/812'), { recursive: true });
  await writeFile(join(root, 'spool/pid/master.pid'), '            812\n');
  await writeFile(join(root, 'proc/812/comm'), 'master\n');
  expect(value(await sample(), 'postfix_up', path)).toBe(1);
  await writeFile(join(root, 'proc/812/comm'), 'bash\n');
  expect(value(await sample(), 'postfix_up', path)).toBe(0);
  await stop();
});

test('a queue that cannot be read is a problem of its instance alone', async () => {
  await configure('etc', [`queue_directory = ${root}/in`, `multi_instance_directories = ${root}/etc-out`]);
  await configure('etc-out', [`queue_directory = ${root}/out`, 'syslog_name = out']);
  // A loop of links is as unreadable for root as for anybody.
  await mkdir(join(root, 'in'));
  await symlink(join(root, 'in/deferred'), join(root, 'in/deferred'));
  await writeMessage(join(root, 'out/active/4F00000001'));
  const { sample, stop, problems } = sampler();
  const families = await sample();
  expect(problems).toHaveLength(1);
  expect(value(families, 'postfix_up', { path: join(root, 'in/public/showq') })).toBe(0);
  expect(
    value(families, 'postfix_showq_queue_depth', { queue: 'deferred', postfix_instance: 'postfix' }),
  ).toBeUndefined();
  expect(value(families, 'postfix_showq_queue_depth', { queue: 'active', postfix_instance: 'out' })).toBe(1);
  await stop();
});

test('a large queue is counted in steps that go on where the last one ended', async () => {
  const limits = { ...queueWalkLimits, namesPerStepMax: 40 };
  for (let at = 0; at < 100; at++) await writeMessage(join(root, `deferred/${at % 4}/QUEUEID${at}`));
  const walk = createQueueWalk(join(root, 'deferred'), limits);
  let steps = 0;
  for (let isDone = false; !isDone; steps++) {
    expect(walk.count()).toBeUndefined();
    isDone = await walk.step({ names: limits.namesPerStepMax, heads: 1000 }, never);
  }
  expect(steps).toBe(3);
  expect(walk.count()?.depth).toBe(100);
  // While the next count is on its way, the last full one stands.
  await unlink(join(root, 'deferred/0/QUEUEID0'));
  expect(await walk.step({ names: 40, heads: 1000 }, never)).toBe(false);
  expect(walk.count()?.depth).toBe(100);
  await walk.stop();
});

test('heads are read within their bound, the depth is exact all the same, and the rest is read in later steps', async () => {
  for (let at = 0; at < 30; at++) await writeMessage(join(root, `deferred/QUEUEID${at}`));
  const walk = createQueueWalk(join(root, 'deferred'));
  const known: (number | undefined)[] = [];
  for (let step = 0; step < 4; step++) {
    await walk.step({ names: 1000, heads: 12 }, never);
    expect(walk.count()?.depth).toBe(30);
    known.push(walk.count()?.known.size);
  }
  expect(known).toEqual([12, 24, 30, 30]);
  const bounded = createQueueWalk(join(root, 'deferred'), { ...queueWalkLimits, messagesKnownMax: 5 });
  await bounded.step({ names: 1000, heads: 1000 }, never);
  expect(bounded.count()).toMatchObject({ depth: 30, known: { size: 5 } });
});

test('a message that leaves is forgotten, and one that moves to another queue is read anew there', async () => {
  await writeMessage(join(root, 'active/QUEUEID1'), { sizeBytes: 10 });
  await mkdir(join(root, 'deferred'));
  const active = createQueueWalk(join(root, 'active'));
  const deferred = createQueueWalk(join(root, 'deferred'));
  const budget = () => ({ names: 100, heads: 100 });
  await active.step(budget(), never);
  expect(active.count()?.known.get('QUEUEID1')?.sizeBytes).toBe(10);
  await rename(join(root, 'active/QUEUEID1'), join(root, 'deferred/QUEUEID1'));
  await active.step(budget(), never);
  await deferred.step(budget(), never);
  expect(active.count()?.depth).toBe(0);
  expect(deferred.count()?.known.get('QUEUEID1')?.sizeBytes).toBe(10);
});
