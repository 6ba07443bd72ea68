// What is done to firewalls and to Mailward's own processes while the addresses are watched.
import { setTimeout as pause } from 'node:timers/promises';
import { type Link, splits } from './overlap-shapes.ts';
import type { Trial } from './overlap-trial.ts';
import type { OverlapWorld } from './overlap-world.ts';
import { nftChildOf } from './processes.ts';

const bigSetElements = 200_000;

/** A foreign set that is loaded in one transaction, during which the kernel takes no other. */
function bigSetRules(): string {
  const elements = Array.from(
    { length: bigSetElements },
    (_, index) => `11.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  );
  return `table inet big
delete table inet big
table inet big { set many { type ipv4_addr; elements = { ${elements.join(', ')} }; }; }
`;
}

type Deed = (world: OverlapWorld, host: number) => Promise<void>;
const deeds: Record<string, Deed> = {
  'flush ruleset': (world, host) => world.runOn(host, ['nft', 'flush', 'ruleset']),
  'nftables restarted': (world, host) => world.runOn(host, ['nft', '-f', '-'], world.foreignRuleset),
  'set of 200,000 loaded': (world, host) => world.runOn(host, ['nft', '-f', '-'], bigSetRules()),
};
const places: Record<string, readonly number[]> = { 'at the owner': [0], 'at another': [1], everywhere: [0, 1, 2] };
const apart: readonly Link[] = splits(3).find(({ name }) => name === 'split owner | b c')?.cut ?? [];

async function mendRules(world: OverlapWorld, at: readonly number[]): Promise<void> {
  for (const host of at) await world.runOn(host, ['nft', '-f', '-'], world.foreignRuleset.replace('flush ruleset', ''));
}

/** Three members, each deed at each place: with all in contact, with the owner cut off before it, and cut off while it is done. */
export const firewallTrials = (): Trial[] =>
  Object.entries(deeds).flatMap(([deed, run]) =>
    Object.entries(places).flatMap(([place, positions]): Trial[] => {
      const act: Trial['act'] = async (world, at) => {
        await Promise.all(positions.map((position) => run(world, at[position] ?? 0)));
      };
      const name = `${deed} ${place}`;
      return [
        { name, cut: [], act, mend: mendRules },
        { name: `${name}, the owner just cut off`, cut: apart, act, mend: mendRules },
        {
          name: `${name}, the owner cut off within`,
          cut: [],
          act: async (world, at) => {
            const done = act(world, at);
            await pause(40 * Math.random());
            world.cut(apart.map(([from, to]): Link => [at[from] ?? 0, at[to] ?? 0]));
            await done;
          },
          mend: mendRules,
        },
      ];
    }),
  );

/** The holder's lease process hands over, is ended, killed, or stopped for longer than its lease. */
export const processTrials = (): Trial[] => [
  {
    name: 'handed over as told',
    cut: [],
    act: async (world, at) => void (await world.nodes[at[0] ?? 0]?.order({ kind: 'handOver', heir: (at[1] ?? 0) + 1 })),
  },
  ...(['SIGTERM', 'SIGKILL'] as const).map(
    (signal): Trial => ({
      name: `lease process of the owner: ${signal}`,
      cut: [],
      act: async (world, at) => world.nodes[at[0] ?? 0]?.kill(signal),
      mend: async (world, at) => {
        await world.nodes[at[0] ?? 0]?.ended();
        await world.nodes[at[0] ?? 0]?.start();
      },
    }),
  ),
  stoppedTrial('lease process of the owner: SIGSTOP and SIGCONT'),
  ...(['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) => [nftTrial(signal, false), nftTrial(signal, true)]),
];

/** The child that writes the owner's rules is killed or stopped, with its lease process or without. */
function nftTrial(signal: 'SIGKILL' | 'SIGSTOP', isLeaseToo: boolean): Trial {
  let nft = 0;
  return {
    name: `nft of the owner${isLeaseToo ? ' and its lease process' : ''}: ${signal}`,
    cut: [],
    act: async (world, at) => {
      const node = world.nodes[at[0] ?? 0];
      nft = nftChildOf(node?.pid()) ?? 0;
      if (nft === 0) throw new Error('the owner has no nft');
      if (isLeaseToo) node?.kill(signal);
      process.kill(nft, signal);
    },
    mend: async (world, at) => {
      const node = world.nodes[at[0] ?? 0];
      if (signal === 'SIGSTOP') {
        node?.kill('SIGCONT');
        try {
          process.kill(nft, 'SIGCONT');
        } catch {
          // A child that said nothing was replaced meanwhile.
        }
      } else if (isLeaseToo) {
        await node?.ended();
        await node?.start();
      }
    },
  };
}

const stoppedTrial = (name: string, then?: Deed): Trial => ({
  name,
  cut: [],
  act: async (world, at) => {
    world.nodes[at[0] ?? 0]?.kill('SIGSTOP');
    await then?.(world, at[0] ?? 0);
  },
  mend: async (world, at) => {
    world.nodes[at[0] ?? 0]?.kill('SIGCONT');
    await mendRules(world, at);
  },
});

/** The address's own lifetime alone ends these: what they show is bounded, and counted apart. */
export const flushedTrials = (): Trial[] => [
  stoppedTrial('flush ruleset at the owner, its lease process stopped', async (world, host) => {
    await world.runOn(host, ['nft', 'flush', 'ruleset']);
    // The second layer: a second beyond the lease, rounded up.
    await pause(2500);
  }),
];

/** For a group that keeps its addresses without a majority: two owners for as long as the cut lasts. */
export const staticTrials = (): Trial[] => [{ name: 'fail-static: split owner | b c', cut: apart }];
