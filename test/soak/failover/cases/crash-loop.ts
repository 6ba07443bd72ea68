// Both members crash again and again: their services, then their lease processes. Never two owners; a fit member is found while
// there is one; the budget keeps the address from going back and forth for mere preference. lease.md, rule 13 and Groups.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../../../../services/demo/random.ts';
import type { LeaseNode } from '../../../lease/lease-cluster.ts';
import { holdersOf, until } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type Expect, type PlayedCase, runCase } from '../case.ts';
import { type Group, live } from '../world.ts';

const movesBudget = 4;
const members = [1, 2] as const;

export function runCrashLoop(options: CaseOptions): Promise<PlayedCase> {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-crash-loop-'));
  const services = new Map(members.map((number) => [number, createService(join(folder, `mx${number}.pid`))]));
  for (const service of services.values()) service.start();
  const change = (number: number) => ({
    ...{ preempt: true, movesBudget },
    services: number === 3 ? [] : [{ name: 'postfix', pidFile: join(folder, `mx${number}.pid`) }],
  });
  const start = { advertMs: options.advertMs, voters: 3, witnesses: [3], change };
  const playMs = (options.minutes * 60_000) / 2;
  return runCase('crash-loop', options, start, async (group, expect) => {
    const random = createRandom(7).next;
    let serviceCrashes = 0;
    await loopBoth(playMs, async (number) => {
      const service = services.get(number);
      await live(random() * 3 * group.leaseMs);
      service?.stop();
      serviceCrashes += 1;
      await live(random() * group.leaseMs);
      service?.start();
    });
    await checkDamping(group, services, expect);
    await checkQuarantine(group, expect);

    let processCrashes = 0;
    await loopBoth(playMs, async (number) => {
      const node = group.node(number);
      await live(random() * 3 * group.leaseMs);
      node.kill('SIGKILL');
      processCrashes += 1;
      await node.ended();
      await live(random() * group.leaseMs);
      await node.start();
    });
    const healedAt = performance.now();
    const { healMs } = await group.node(1).status();
    await group.holder(healMs);
    const healedMs = Math.round(performance.now() - healedAt);
    options.say(
      `${serviceCrashes} crashes of services, ${processCrashes} of lease processes; an owner ${healedMs} ms after the last`,
    );
    return {
      sentence: `Both members' services crashed ${serviceCrashes} times and their lease processes ${processCrashes} times: one owner at most, and one again ${healedMs} ms after the last crash.`,
      movesMax: serviceCrashes + processCrashes + movesBudget + 2,
      figures: { serviceCrashes, processCrashes, healedMs, healMsPrinted: healMs },
    };
  }).finally(() => {
    for (const service of services.values()) service.stop();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Each member goes through `crash` again and again for a while, on its own. */
async function loopBoth(forMs: number, crash: (number: (typeof members)[number]) => Promise<void>): Promise<void> {
  const until = performance.now() + forMs;
  await Promise.all(
    members.map(async (number) => {
      do await crash(number);
      while (performance.now() < until);
    }),
  );
}

/** The budget is used up: a fit owner is preempted no more, one that fails is still replaced, and with nobody fit it stays. */
async function checkDamping(
  group: Group,
  services: ReadonlyMap<number, ReturnType<typeof createService>>,
  expect: Expect,
): Promise<void> {
  await until('both members are fit, as each knows', async () => {
    const found = await Promise.all(members.map((number) => group.node(number).status()));
    return found.every(({ peers }) => peers.filter((peer) => peer.isEligible).length === 2) ? true : undefined;
  });
  while ((await (await group.holder()).status()).damping.moves < movesBudget || (await group.holder()).number === 1) {
    const holder = await group.holder();
    services.get(holder.number)?.stop();
    await until('it is replaced', async () => ((await group.holder(100)) !== holder ? true : undefined));
    services.get(holder.number)?.start();
    await until('it is fit again', async () => ((await holder.status()).isHealthy ? true : undefined));
  }
  const holder = await group.holder();
  const { epoch } = await holder.status();
  await live(3 * group.leaseMs);
  const status = await holder.status();
  expect(status.epoch === epoch, 'a fit owner was preempted although the budget was used up');
  expect(status.why.join(' ').includes('budget'), `status does not say why nobody preempts: ${status.why.join(' ')}`);
  for (const service of services.values()) service.stop();
  const unfit = await until('the owner knows that it is unfit', async () => {
    const found = await (await group.holder()).status();
    return found.isHealthy ? undefined : found;
  });
  await live(group.leaseMs);
  const holders = await holdersOf(group.nodes);
  expect(holders.length === 1, `${holders.length} hold while no member is fit; the last owner should stay`);
  expect(/postfix/.test(unfit.why.join(' ')), `status does not name the service: ${unfit.why.join(' ')}`);
  for (const service of services.values()) service.start();
}

/** Quarantine outlives a restart of the process: the member does not take over, and may again when it is released. */
async function checkQuarantine(group: Group, expect: Expect): Promise<void> {
  const holder = await until('a fit owner', async () => {
    const found = await group.holder(100);
    return (await found.status()).isHealthy ? found : undefined;
  });
  const other = group.node(holder.number === 1 ? 2 : 1);
  await other.order({ kind: 'quarantine', isOn: true });
  const file = join(other.folder, 'state', 'mail.voter');
  await until('the quarantine is on disk', async () =>
    readFileSync(file, 'utf8').includes('isQuarantined\\":true') ? true : undefined,
  );
  await restart(other);
  expect((await other.status()).isQuarantined, 'the quarantine was forgotten by a restart');
  await holder.order({ kind: 'handOver' });
  await until('somebody holds', () => group.holder(100));
  expect((await holdersOf([other])).length === 0, 'a member in quarantine took the address');
  await other.order({ kind: 'quarantine', isOn: false });
}

async function restart(node: LeaseNode): Promise<void> {
  node.kill('SIGKILL');
  await node.ended();
  await node.start();
}

/** A process of which only the pid file matters. */
function createService(pidFile: string): { readonly start: () => void; readonly stop: () => void } {
  let child: ChildProcess | undefined;
  return {
    start: () => {
      child ??= spawn('sleep', ['86400'], { stdio: 'ignore' });
      writeFileSync(pidFile, `${child.pid}\n`);
    },
    stop: () => {
      child?.kill('SIGKILL');
      child = undefined;
    },
  };
}
