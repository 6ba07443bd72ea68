import type { Clock } from '../runtime/clock.ts';
import * as cast from './cast.ts';
import type { OffsetMinutes } from './log-format.ts';
import { createMailNode, type MailNode } from './mail-node.ts';
import type { Dial } from './mail-queue.ts';
import { createMailStore, type MailStore } from './mail-store.ts';
import { createNodeLog, createPids } from './node-log.ts';
import { createRandom } from './random.ts';
import { createRemoteWorld, type RemoteWorld } from './remote-world.ts';
import { type Intent, nextGapMs, nextIntent } from './traffic-plan.ts';

/** What carries mail between the nodes, and people's acts to them: simulated for the history, real sockets after it. */
export type Network = { readonly dial: Dial; readonly perform: (intent: Intent) => void };

/** The three nodes, their mailboxes and the world around them, without any socket. */
export type Site = {
  readonly nodes: Readonly<Record<cast.NodeName, MailNode>>;
  readonly store: MailStore;
  readonly world: RemoteWorld;
  readonly setNetwork: (network: Network) => void;
  /** Somebody does something, again and again, until the clock stops. */
  readonly startTraffic: () => void;
};

/** `writeLine` gets each line of a node's mail log, without its line end. Everything is decided by `seed` and the clock. */
export function createSite(
  options: { readonly seed: number; readonly offsetMinutes: OffsetMinutes },
  deps: { readonly clock: Clock; readonly writeLine: (node: cast.NodeName, line: string) => void },
): Site {
  const { clock, writeLine } = deps;
  const random = createRandom(options.seed);
  let network: Network | undefined;

  const machines = cast.nodeNames.map((name) => {
    const nodeRandom = createRandom(random.between(0, 2 ** 31));
    const { timeFormat: format } = cast.nodes[name];
    const log = createNodeLog(
      { format, hostname: name, offsetMinutes: options.offsetMinutes },
      { clock, random: nodeRandom, write: (line) => writeLine(name, line) },
    );
    return { name, random: nodeRandom, log, pids: createPids(nodeRandom) };
  });
  const machineOf = (name: cast.NodeName) => {
    const machine = machines.find((candidate) => candidate.name === name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  };
  const nodeOf = (name: cast.NodeName) => {
    const { log, pids, random: nodeRandom } = machineOf(name);
    log('postfix/postfix-script', pids.acquire('postfix-script'), 'starting the Postfix mail system');
    log('postfix/master', pids.acquire('master'), 'daemon started -- version 3.7.11, configuration /etc/postfix');
    const dial: Dial = (target, client, parcel, done) => network?.dial(target, client, parcel, done);
    return createMailNode(name, { clock, random: nodeRandom, log, pids, dial });
  };

  const { random: storeRandom, log: storeLog, pids: storePids } = machineOf('mx3');
  storeLog('dovecot', undefined, 'master: Dovecot v2.3.19.1 (9b53102964) starting up for imap, lmtp');
  const nodes = { mx1: nodeOf('mx1'), mx2: nodeOf('mx2'), mx3: nodeOf('mx3') };
  const store = createMailStore({ now: clock.now, random: storeRandom, log: storeLog, pids: storePids });
  const world = createRemoteWorld({ now: clock.now, random });

  function startTraffic(): void {
    clock.after(nextGapMs(random, clock.now()), () => {
      network?.perform(nextIntent(random));
      startTraffic();
    });
  }

  return {
    nodes,
    store,
    world,
    startTraffic,
    setNetwork: (next) => {
      network = next;
    },
  };
}
