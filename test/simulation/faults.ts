// The faults a schedule may inject, as a table: what it does to the world, and that it ends by itself.
import { killProcess, pauseProcess } from './effects.ts';
import { freeze } from './machine.ts';
import { anybody, holderOf, say, tell, victim } from './members.ts';
import { clone, crash, mayLoseState } from './memory.ts';
import type { SimNode } from './node.ts';
import { setRate } from './node.ts';
import { between, chance, pick } from './random.ts';
import type { World } from './world-state.ts';
import { advertTicks, at, maxNodes } from './world-state.ts';

/** One fault of a schedule. `ms` is bounded so that it ends before the healed phase; `on`: the voter it is meant for. */
export type Fault = {
  readonly kind: FaultKind;
  readonly at: number;
  readonly ms: number;
  readonly on: number | undefined;
};

export type FaultKind = keyof typeof inject;

const A = advertTicks;

const ids = (world: World): number[] => world.nodes.map((node) => node.id);

function cut(world: World, from: number, to: number, ms: number): void {
  const place = from * maxNodes + to;
  const { cuts } = world.network;
  cuts[place] = (cuts[place] ?? 0) + 1;
  at(world, world.time + ms, () => {
    cuts[place] = Math.max(0, (cuts[place] ?? 0) - 1);
  });
}

function cutBoth(world: World, a: number, b: number, ms: number): void {
  cut(world, a, b, ms);
  cut(world, b, a, ms);
}

function withNetwork(world: World, ms: number, change: Partial<Omit<World['network'], 'cuts'>>): void {
  const { network } = world;
  const before = { ...network };
  Object.assign(network, change);
  at(world, world.time + ms, () => {
    for (const name of Object.keys(change)) Object.assign(network, { [name]: before[name as keyof typeof before] });
  });
}

function pauseChild(world: World, node: SimNode, ms: number): void {
  if (node.process !== undefined) node.process.child.pausedUntil = world.time + ms;
}

type Inject = (world: World, ms: number) => void;

export const inject = {
  split: (world, ms) => {
    const side = new Set(ids(world).filter(() => chance(world.random, 50)));
    for (const a of ids(world)) for (const b of ids(world)) if (side.has(a) !== side.has(b)) cut(world, a, b, ms);
  },
  isolate: (world, ms) => {
    const { id } = victim(world);
    for (const other of ids(world)) if (other !== id) cutBoth(world, id, other, ms);
  },
  oneWay: (world, ms) => {
    const { id } = victim(world);
    const isIn = chance(world.random, 50);
    for (const other of ids(world)) if (other !== id) cut(world, isIn ? other : id, isIn ? id : other, ms);
  },
  oneWayLink: (world, ms) => {
    const from = victim(world).id;
    const to = pick(world.random, ids(world));
    if (from !== to) cut(world, from, to, ms);
  },
  bridge: (world, ms) => {
    const a = victim(world).id;
    const b = pick(world.random, ids(world));
    if (a !== b) cutBoth(world, a, b, ms);
  },
  ring: (world, ms) => {
    const all = ids(world);
    for (const [place, id] of all.entries()) {
      const across = all[(place + 2) % all.length];
      if (across !== undefined && across !== id) cutBoth(world, id, across, ms);
    }
  },
  loss: (world, ms) => withNetwork(world, ms, { lossPercent: between(world.random, 5, 45) }),
  delay: (world, ms) => withNetwork(world, ms, { delayLow: A / 4, delayHigh: between(world.random, A / 2, 2 * A) }),
  reorder: (world, ms) => withNetwork(world, ms, { delayHigh: between(world.random, A / 2, 3 * A) }),
  twice: (world, ms) => withNetwork(world, ms, { twicePercent: 40 }),
  kill: (world, ms) => {
    const node = victim(world);
    pauseChild(world, node, chance(world.random, 60) ? between(world.random, 1, 3 * A) : 0);
    killProcess(world, node, between(world.random, 10, Math.min(ms, A)));
  },
  killInEffects: (world, ms) => {
    const { process } = victim(world);
    if (process === undefined) return;
    process.cutBy = 'kill';
    process.cutAfter = between(world.random, 0, 2);
    process.cutMs = between(world.random, 10, Math.min(ms, 3 * A));
  },
  killTwice: (world, ms) => {
    const node = victim(world);
    killProcess(world, node, between(world.random, 10, 600));
    at(world, world.time + between(world.random, 600, 3000), () =>
      killProcess(world, node, between(world.random, 10, Math.min(ms, A))),
    );
  },
  crash: (world, ms) => crash(world, victim(world), ms, 'kept'),
  crashShortly: (world) => crash(world, victim(world), between(world.random, 200, A), 'kept'),
  crashInTurn: (world, ms) => {
    for (const [place, node] of world.nodes.entries())
      at(world, world.time + place * between(world.random, 100, A), () =>
        crash(world, node, between(world.random, 200, Math.min(ms, A)), 'kept'),
      );
  },
  wiped: (world, ms) => crash(world, victim(world), Math.min(ms, between(world.random, 200, 4 * A)), 'wiped'),
  torn: (world, ms) => crash(world, victim(world), Math.min(ms, between(world.random, 200, 4 * A)), 'torn'),
  restored: (world, ms) => {
    const node = victim(world);
    if (mayLoseState(world, node)) crash(world, node, Math.min(ms, between(world.random, 200, 4 * A)), 'restored');
  },
  restartAll: (world, ms) => {
    for (const node of world.nodes) crash(world, node, between(world.random, 200, Math.min(ms, 2 * A)), 'kept');
  },
  pause: (world, ms) => {
    const { process } = victim(world);
    if (process !== undefined) pauseProcess(world, process, ms);
  },
  pauseInEffects: (world, ms) => {
    const { process } = victim(world);
    if (process === undefined) return;
    process.cutBy = 'pause';
    process.cutAfter = between(world.random, 0, 2);
    process.cutMs = ms;
  },
  pauseNft: (world, ms) => pauseChild(world, victim(world), ms),
  pauseBoth: (world, ms) => {
    const node = victim(world);
    pauseChild(world, node, between(world.random, 1, ms));
    if (node.process !== undefined) pauseProcess(world, node.process, ms);
  },
  clockRate: (world) => {
    for (const node of world.nodes)
      if (chance(world.random, 60)) setRate(node, world.time, between(world.random, 900, 1100) / 1000);
    rewake(world);
  },
  wallStep: (world) => {
    const stepMs = between(world.random, -30 * A, 30 * A);
    // Far ahead, its ballots leave every ceiling behind that is on disk.
    const isFar = world.isComposed && chance(world.aside, 60);
    victim(world).clock.wallOffset += isFar ? between(world.aside, 33 * A, 120 * A) : stepMs;
  },
  freezeInF: (world) => {
    const f = world.policy.freezeMs;
    if (f === 0) return;
    const node = victim(world);
    const first = between(world.random, 1, f - 2);
    freeze(world, node, first, false, false);
    // Both freezes together stay within F in any one lease.
    at(world, world.time + first + between(world.random, 1, A), () => freeze(world, node, f - 1 - first, false, false));
    rewake(world);
  },
  freezeBeyondF: (world, ms) => {
    freeze(world, victim(world), ms, false, true);
    rewake(world);
  },
  sleep: (world, ms) => {
    freeze(world, victim(world), ms, true, true);
    rewake(world);
  },
  slowFsync: (world, ms) => {
    const nodes = chance(world.random, 50) ? world.nodes : [victim(world)];
    for (const node of nodes) node.fsyncMs = between(world.random, A / 10, 2 * A);
    at(world, world.time + ms, () => {
      for (const node of nodes) node.fsyncMs = 0;
    });
  },
  flushRuleset: (world) => {
    const node = victim(world);
    node.kernel.isLoaded = false;
    node.kernel.leaseUntil = 0;
    node.kernel.worstUntil = 0;
    node.kernel.arms = [];
    at(world, world.time + between(world.random, 10, 300), () => tell(world, node, { kind: 'guardLost' }));
  },
  changeVoters: (world, ms) => {
    const wanted = chance(world.random, 60) ? 'add' : 'remove';
    // The operator's command is tried until it is taken or the fault ends.
    for (let tries = 0; tries < 4; tries++)
      at(world, world.time + tries * Math.floor(ms / 4), () => changeVoters(world, tries < 2 ? wanted : 'add'));
  },
  retime: (world, ms) => {
    const leaseMs = Math.floor(world.configured.leaseMs * 1.4);
    for (const after of [0, Math.floor(ms / 2), ms - 1])
      at(world, world.time + after, () => {
        for (const node of world.nodes) tell(world, node, { kind: 'retime', leaseMs });
      });
  },
  clone: (world, ms) => {
    const original = anybody(world);
    if (!original.isClone && mayLoseState(world, original)) clone(world, original, ms);
  },
  healthFlap: (world, ms) => {
    const node = victim(world);
    say(world, node, { isHealthy: false });
    at(world, world.time + Math.floor(ms / 3), () => say(world, node, {}));
    at(world, world.time + Math.floor((2 * ms) / 3), () => say(world, node, { mayAct: false }));
    at(world, world.time + ms, () => say(world, node, {}));
  },
  unhealthyAll: (world, ms) => {
    for (const node of world.nodes) say(world, node, { isHealthy: false });
    const first = pick(world.random, world.nodes);
    at(world, world.time + Math.floor(ms / 2), () => say(world, first, {}));
    at(world, world.time + ms, () => {
      for (const node of world.nodes) say(world, node, {});
    });
  },
  priorityShift: (world, ms) => {
    const node = anybody(world);
    say(world, node, { priority: between(world.random, 1, 254) });
    at(world, world.time + ms, () => say(world, node, {}));
  },
  lag: (world, ms) => {
    for (const node of world.nodes) say(world, node, {});
    const node = pick(world.random, world.nodes);
    say(world, node, { lag: chance(world.random, 50) ? null : 10_000 });
    at(world, world.time + ms, () => say(world, node, {}));
  },
  gatewayLost: (world, ms) => {
    const { id } = victim(world);
    const node = world.nodes[id - 1];
    if (node === undefined) return;
    for (const other of ids(world)) if (other !== id) cutBoth(world, id, other, ms);
    at(world, world.time + between(world.random, 1, ms), () => say(world, node, { isLinkUp: false }));
    at(world, world.time + ms, () => say(world, node, {}));
  },
  handOver: (world) => {
    const heir = chance(world.random, 70) ? pick(world.random, world.configured.voters) : 0;
    for (const node of world.nodes) tell(world, node, { kind: 'handOver', heir: heir === node.id ? 0 : heir });
  },
  quarantine: (world, ms) => {
    const node = victim(world);
    tell(world, node, { kind: 'quarantine', isOn: true });
    at(world, world.time + ms, () => tell(world, node, { kind: 'quarantine', isOn: false }));
  },
} as const satisfies Record<string, Inject>;

export const faultKinds = Object.keys(inject) as FaultKind[];

function changeVoters(world: World, wanted: 'add' | 'remove'): void {
  const holder = holderOf(world);
  const asked = holder ?? pick(world.random, world.nodes);
  const voters = asked.process?.state.set.voters ?? [];
  const others = world.nodes.filter((node) => (wanted === 'add') !== voters.includes(node.id) && node !== asked);
  const other = others.length === 0 ? undefined : pick(world.random, others);
  if (other === undefined || (wanted === 'remove' && voters.length <= 3)) return;
  const next = wanted === 'add' ? [...voters, other.id] : voters.filter((voter) => voter !== other.id);
  tell(world, asked, { kind: 'changeVoters', voters: next });
}

/** After a clock changed its pace, timers fall elsewhere in true time; waking early does no harm. */
function rewake(world: World): void {
  for (const node of world.nodes)
    if (node.process !== undefined)
      node.process.wakeAt = Math.max(world.time + 1, node.frozenUntil + 1, node.process.pausedUntil + 1);
}
