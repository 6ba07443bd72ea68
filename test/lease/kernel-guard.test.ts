// The guard where the kernel takes nothing: commands that stand in for nft, so that neither root nor a kernel is needed.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAddressKeeper, waitingBytesMax } from '../../services/lease/guard/address-keeper.ts';
import { findBypasses } from '../../services/lease/guard/bypasses.ts';
import { createCoarseGuard, leftMsMin } from '../../services/lease/guard/coarse-guard.ts';
import type { Guard } from '../../services/lease/guard/guard-port.ts';
import { armAgainMs, createKernelGuard } from '../../services/lease/guard/kernel-guard.ts';
import { createNftChild, linesWaitingMax } from '../../services/lease/guard/nft-child.ts';
import { type LeaseGroupConfig, leaseConfigSchema } from '../../services/protocol/lease-config.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { until } from './lease-cluster.ts';

const advertMs = 150;
let folder: string;
let guard: Guard | undefined;
const pathBefore = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-commands-'));
  process.env.PATH = `${folder}:${pathBefore}`;
});
afterEach(async () => {
  await guard?.stop();
  process.env.PATH = pathBefore;
  rmSync(folder, { recursive: true, force: true });
});

const command = (name: string, body: string) =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
function groupOf(group: Record<string, unknown>): LeaseGroupConfig {
  const voter = (number: number) => ({ number, node: `mx${number}`, host: `192.0.2.${number}` });
  const [config] = leaseConfigSchema.parse({
    node: 'mx1',
    groups: [
      {
        ...{ name: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', noMajority: 'hold-down', advertMs },
        ...{ keys: [{ id: 1, secretFile: 'none' }], voters: [1, 2, 3].map(voter), rttMs: 10 },
        addresses: [{ address: '192.0.2.100/24', device: 'lo' }],
        ...group,
      },
    ],
  }).groups;
  if (config === undefined) throw new Error('one group');
  return config;
}
/** It says nothing of the lines, and answers when it is asked to describe something. */
const nftThatTakesAll = 'while read -r line; do case $line in describe*) echo "datatype mark";; esac; done';
function openGuard(onFitness: (part: string, isFit: boolean) => void, group: Record<string, unknown> = {}): Guard {
  command('socat', 'exec cat >/dev/null');
  command('setpriv', 'shift 2; exec "$@"');
  command('ip', 'case "$*" in *show*) ;; *) exec cat >/dev/null;; esac');
  const config = groupOf(group);
  const create = config.guard === 'kernel' ? createKernelGuard : createCoarseGuard;
  return create(config, {
    ...systemClock,
    ...{ monotonicMs: () => performance.now(), onLost: () => {}, onFault: () => {}, onFitness },
  });
}

test('a guard that cannot open is tried with pauses, is unfit after 2·A, and is fit again once it opens', async () => {
  command('nft', 'exit 1');
  const told: { readonly isFit: boolean; readonly at: number }[] = [];
  const startedAt = performance.now();
  guard = openGuard((_part, isFit) => told.push({ isFit, at: performance.now() - startedAt }));
  let key = 0;
  let opened = 0;
  // What the machine does as long as it holds.
  const arm = () => guard?.arm(++key, 20, (isArmed) => (isArmed ? fire() : arm()));
  const fire = () =>
    guard?.fire(
      key,
      () => 100,
      (isDone) => {
        if (isDone) opened += 1;
        else arm();
      },
    );
  arm();
  const unfit = await until('it is unfit', async () => told[0]);
  expect(unfit.isFit).toBe(false);
  expect(unfit.at).toBeGreaterThanOrEqual(2 * advertMs);
  expect(key).toBeLessThanOrEqual(unfit.at / armAgainMs + 2);
  command('nft', nftThatTakesAll);
  await until('it opens', async () => (opened > 0 ? true : undefined));
  expect(told.map(({ isFit }) => isFit)).toEqual([false, true]);
});

test('an address that is not on its device, though it was put there, is a fault and makes the member unfit', async () => {
  command('nft', nftThatTakesAll);
  const told: string[] = [];
  guard = openGuard((part, isFit) => told.push(`${part} ${isFit}`));
  const assert = () => guard?.assert(1, performance.now() + 1000);
  assert();
  await until('it is unfit', async () => {
    assert();
    return told[0];
  });
  expect(guard.report().faults.join(' ')).toContain('not on its device');
  command(
    'ip',
    'case "$*" in *show*) echo "2: eth0 inet 192.0.2.100/24 scope global eth0";; *) exec cat >/dev/null;; esac',
  );
  await until('it is fit', async () => {
    assert();
    return told[1];
  });
  expect(told).toEqual(['the addresses false', 'the addresses true']);
  expect(guard.report()).toMatchObject({ kind: 'kernel', faults: [] });
});

test('a frame that a delayed socat still holds is never sent once the guard closes', async () => {
  command('nft', nftThatTakesAll);
  guard = openGuard(() => {});
  const held = join(folder, 'held');
  // It has its frame, and is late with it.
  command('socat', `cat >/dev/null; echo $$ >>${held}; exec sleep 60`);
  // The sockets that wait since the opening run the former command; the first announcement uses those.
  guard.announce(() => true);
  const pids = await until('a frame is held', async () => readFileSync(held, 'utf8').trim().split('\n'));
  guard.close(() => {});
  await until('its process has ended', async () =>
    pids.every((pid) => !existsSync(`/proc/${pid}`)) ? true : undefined,
  );
});

test('coarse: addresses that can not be put on or taken off for 2·A make the member unfit, until they can', async () => {
  const coarseAdvertMs = 1000;
  command('ip', 'echo "RTNETLINK answers: Operation not permitted" >&2; exit 2');
  const told: string[] = [];
  const startedAt = performance.now();
  const note = (part: string, isFit: boolean) => told.push(`${part} ${isFit}`);
  const coarse = openGuard(note, { guard: 'coarse', advertMs: coarseAdvertMs });
  guard = coarse;
  let tries = 0;
  let opened = 0;
  let isClosed = false;
  // What the machine does as long as it holds, and what it does when it is out.
  const fire = () => {
    tries += 1;
    coarse.fire(
      1,
      () => 1500,
      (isDone) => {
        if (isDone) opened += 1;
        else fire();
      },
    );
  };
  fire();
  coarse.close(() => {
    isClosed = true;
  });
  await until('it is unfit by both', async () => (told.length === 2 ? true : undefined));
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(2 * coarseAdvertMs);
  expect([...told].sort()).toEqual(['taking the addresses off false', 'the addresses false']);
  expect(tries, 'with pauses').toBeLessThanOrEqual((performance.now() - startedAt) / armAgainMs + 2);
  expect(coarse.report().faults.join(' ')).toContain('could not be taken off');
  command('ip', 'exit 0');
  await until('it opens and closes', async () => (opened > 0 && isClosed ? true : undefined));
  expect([...told.slice(2)].sort()).toEqual(['taking the addresses off true', 'the addresses true']);
  expect(coarse.report().faults).toHaveLength(1);
});

test('coarse: nothing is put on a device for the rest of a lease that a late command would outlast by more than a second', async () => {
  const asked = join(folder, 'asked');
  command('ip', `echo "$*" >>${asked}`);
  const coarse = openGuard(() => {}, { guard: 'coarse', advertMs: 1000 });
  command('ip', `echo "$*" >>${asked}`);
  guard = coarse;
  const fired = (leftMs: number) => new Promise<boolean>((resolve) => coarse.fire(1, () => leftMs, resolve));
  expect(await fired(leftMsMin - 1)).toBe(false);
  expect(existsSync(asked)).toBe(false);
  expect(await fired(leftMsMin)).toBe(true);
  expect(readFileSync(asked, 'utf8')).toContain('address replace 192.0.2.100/24 dev lo valid_lft 1 ');
});

test('an ip child that takes nothing is ended once more waits than its bound, and a new one gets what comes next', async () => {
  const [pids, taken] = [join(folder, 'pids'), join(folder, 'taken')];
  command('ip', `echo $$ >>${pids}; exec sleep 60`);
  const addresses = Array.from({ length: 32 }, (_, index) => ({ address: `192.0.2.${100 + index}/24`, device: 'lo' }));
  const ended: string[] = [];
  const keeper = createAddressKeeper(addresses, {
    ...{ monotonicMs: () => performance.now(), every: () => () => {}, absentMsMax: 1000 },
    ...{ onAbsent: () => {}, onPresent: () => {}, onFault: (what: string) => ended.push(what) },
  });
  try {
    await until('it runs', async () => (readFileSync(pids, 'utf8').trim() === '' ? undefined : true));
    command('ip', `exec cat >>${taken}`);
    const bytesOfOne = addresses.length * 'address delete 192.0.2.100/24 dev lo\n'.length;
    // The pipe itself holds as much again (pipe(7)).
    for (let bytes = 0; bytes < waitingBytesMax / 2; bytes += bytesOfOne) keeper.withdraw();
    await new Promise((resume) => setImmediate(resume));
    expect(ended).toEqual([]);
    for (let bytes = 0; bytes < 4 * waitingBytesMax; bytes += bytesOfOne) keeper.withdraw();
    await until('it is ended', async () => ended.length > 0 || undefined);
    expect(ended).toEqual(['the ip child has ended; a new one is started with the next change']);
    keeper.withdraw();
    await until('the new one reads', async () => readFileSync(taken, 'utf8').includes('192.0.2.131/24') || undefined);
  } finally {
    await keeper.stop();
  }
});

test('no more lines wait for an nft that takes none than the guard writes at once', async () => {
  command('setpriv', 'exec sleep 60');
  const nft = createNftChild({
    ...{ after: systemClock.after, onEnd: () => {}, onFault: () => {} },
    first: { text: () => undefined, done: () => {} },
  });
  try {
    const ends: boolean[] = [];
    const write = () =>
      nft.write(
        () => 'a line',
        (isDone) => ends.push(isDone),
      );
    for (let line = 0; line <= linesWaitingMax; line++) write();
    expect(write).toThrow('more lines wait');
    await until('all have failed with their writer', async () => (ends.length > linesWaitingMax ? true : undefined));
    expect(new Set(ends)).toEqual(new Set([false]));
  } finally {
    await nft.stop();
  }
});

test('ways around the hooks make the guard none, each with its sentence; rules at the devices come before most', async () => {
  const takesAll = (flowtable: string) =>
    `case "$*" in *flowtables*) printf '%s\\n' ${flowtable};; *) ${nftThatTakesAll};; esac`;
  const link = (more: string) =>
    `case "$*" in *link*) echo '[{"ifname":"lo",${more}}]';; *) exec cat >/dev/null;; esac`;
  const found = (guardsDevices: boolean) => findBypasses(groupOf({}), guardsDevices);
  command('nft', takesAll("'table inet x {' '  flowtable f {' '    hook ingress priority filter' '  }' '}'"));
  command('ip', link('"linkinfo":{"info_kind":"macvlan"}'));
  expect(await found(true)).toEqual([]);
  expect(await found(false)).toEqual([
    expect.stringContaining('macvlan'),
    expect.stringContaining('A flowtable carries'),
  ]);
  command('nft', 'exit 1');
  expect(await found(true)).toEqual([expect.stringContaining('cannot be read now')]);
  command('nft', takesAll("'table inet x {' '  flowtable f {' '    flags offload' '  }' '}'"));
  command('ip', link('"xdp":{"mode":1}'));
  const sentences = await found(true);
  expect(sentences).toEqual([expect.stringContaining('An XDP program on lo'), expect.stringContaining('is offloaded')]);
  guard = openGuard(() => {});
  command('ip', link('"xdp":{"mode":1}'));
  guard.close(() => {});
  await until('it is told', async () => (guard?.report().kind === 'none' ? true : undefined));
  expect(guard.report().faults).toEqual(sentences);
});
