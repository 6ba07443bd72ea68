// One voter under fire: datagrams of strangers, mutated ones under a valid key, repeats from earlier boots. Nothing of it may
// reach the machine, and what the channel remembers stays within its bounds.
import { randomBytes } from 'node:crypto';
import { decide } from '../../services/failover/lease/decide.ts';
import { leaseRules } from '../../services/failover/lease/rules.ts';
import { type LeaseState, startState } from '../../services/failover/lease/state.ts';
import { policyOf } from '../../services/failover/lease/terms.ts';
import { type Envelope, envelopeKinds, openEnvelope, sealEnvelope } from '../../services/lease/peers/envelope.ts';
import { createPeerChannel, type Endpoint } from '../../services/lease/peers/peer-channel.ts';
import { windowCounters } from '../../services/lease/peers/replay-window.ts';
import type { LeaseDatagram } from '../../services/protocol/lease.ts';
import { between, chance, pick, randomOf } from '../simulation/random.ts';

const incarnation = Buffer.alloc(16, 7);
const key = { id: 1, secret: Buffer.alloc(32, 9) };
const numbers = [1, 2, 3] as const;
const endpoints = new Map<number, Endpoint>(numbers.map((number) => [number, { host: '127.0.0.1', port: number }]));
const policy = policyOf({ advertMs: 1000, rttMs: 2 });
const set = { version: 1, epoch: 0, voters: [...numbers], leaseMs: 2500, leaseMsMax: 2500 };

type Machine = { state: LeaseState; sent: { to: number; datagram: LeaseDatagram }[] };

export type FuzzResult = {
  readonly datagrams: number;
  readonly mutated: number;
  readonly repeated: number;
  readonly delivered: number;
  readonly isStateKept: boolean;
  readonly isChannelKept: boolean;
  readonly perSecond: number;
};

/** Three voters joined by a wire in memory; `boot` draws new nonces and gives the datagrams that crossed in that life. */
function createTrio() {
  let now = 1000;
  const machines = new Map<number, Machine>();
  const channels = new Map<number, ReturnType<typeof createPeerChannel>>();
  const crossed: { to: number; bytes: Buffer }[] = [];
  let delivered = 0;
  function give(number: number, event: Parameters<typeof decide>[1]['events'][number]): void {
    const machine = machines.get(number);
    if (machine === undefined) return;
    const input = { events: [event], now, bootMs: now, unixMs: 1_800_000_000_000 + now, policy };
    const decision = decide(machine.state, input);
    machine.state = decision.state;
    for (const effect of decision.effects)
      if (effect.kind === 'send')
        for (const to of effect.to === 0 ? numbers : [effect.to])
          if (to !== number) channels.get(number)?.send(to, effect.datagram);
  }
  function boot(nonces: readonly number[], isHeardBy: (number: number) => boolean): void {
    for (const [index, self] of numbers.entries()) {
      const nonce = nonces[index] ?? 1;
      const durable = { set, ceiling: 0, wonEpoch: 0, holderPosition: null, isQuarantined: false, mustLearn: false };
      machines.set(self, {
        state: startState({
          ...{ self, nonce, isWitness: false, priority: 100, durable, run: undefined, configured: set },
          ...{ now, policy, rules: leaseRules },
        }),
        sent: [],
      });
      channels.set(
        self,
        createPeerChannel(
          { self, nonce, incarnation, keys: [key], endpoints, askAgainMs: 4 },
          {
            transmit: (bytes, to) => {
              crossed.push({ to: to.port, bytes });
              if (isHeardBy(to.port)) channels.get(to.port)?.receive(bytes, { host: '127.0.0.1', port: self });
            },
            deliver: (datagram) => {
              delivered += 1;
              give(self, datagram);
            },
            randomBytes,
            monotonicMs: () => now,
          },
        ),
      );
    }
    for (const self of numbers) give(self, { kind: 'start' });
    for (const self of numbers) give(self, { kind: 'closed' });
    for (let step = 0; step < 400; step++) {
      now += 20;
      for (const self of numbers) {
        give(self, { kind: 'timer' });
        give(self, { kind: 'closed' });
      }
    }
  }
  return {
    ...{ boot, crossed, machines, channels },
    delivered: () => delivered,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

function mutate(bytes: Buffer, random: ReturnType<typeof randomOf>): Buffer {
  const mutated = Buffer.from(bytes);
  const changes = between(random, 1, 8);
  for (let change = 0; change < changes; change++)
    mutated[between(random, 0, mutated.length - 1)] = between(random, 0, 255);
  return chance(random, 20) ? mutated.subarray(0, between(random, 0, mutated.length)) : mutated;
}

/** Signed again under the valid key, from a process that lives no more, or with a counter that was taken. */
function forge(bytes: Buffer, random: ReturnType<typeof randomOf>, deadNonces: readonly number[]): Buffer {
  const envelope = openEnvelope(bytes, [key]);
  if (envelope === undefined) return bytes;
  const body = chance(random, 50) ? mutate(envelope.body, random) : envelope.body;
  const kind = chance(random, 70) ? envelope.kind : pick(random, [envelopeKinds.lease, envelopeKinds.answer, 0, 255]);
  const forged: Envelope = {
    ...envelope,
    ...{ body, kind, nonce: pick(random, deadNonces), counter: between(random, 0, 2 * windowCounters) },
    from: chance(random, 80) ? envelope.from : between(random, 0, 255),
    to: chance(random, 80) ? 1 : between(random, 0, 255),
  };
  return sealEnvelope(forged, incarnation, key);
}

export function fuzzDatagrams(count: number, seed: number): FuzzResult {
  const random = randomOf(seed);
  const trio = createTrio();
  trio.boot([11, 21, 31], () => true);
  const earlier = trio.crossed.splice(0).map(({ bytes }) => bytes);
  trio.boot([12, 22, 32], () => true);
  const present = trio.crossed.filter(({ to }) => to === 1).map(({ bytes }) => bytes);
  // From here on nobody answers: the voters and their channels are as they were, and only strangers speak.
  const machine = trio.machines.get(1);
  const channel = trio.channels.get(1);
  if (machine === undefined || channel === undefined) throw new Error('no voter 1');
  for (const other of [2, 3]) trio.channels.delete(other);
  const before = { state: machine.state, text: JSON.stringify(machine.state), delivered: trio.delivered() };
  const reportBefore = JSON.stringify(channel.report());
  let mutated = 0;
  let repeated = 0;
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) {
    const kind = between(random, 0, 9);
    let bytes: Buffer;
    if (kind < 5) {
      mutated += 1;
      bytes =
        kind < 3
          ? forge(pick(random, [...[pick(random, earlier), pick(random, present)]]), random, [11, 21, 31, 77])
          : mutate(pick(random, present), random);
    } else if (kind < 9) {
      repeated += 1;
      bytes = kind < 7 ? pick(random, earlier) : pick(random, present);
    } else bytes = randomBytes(between(random, 0, 300));
    channel.receive(bytes, { host: '127.0.0.1', port: 9 });
    if (index % 100 === 0) trio.pass(1);
  }
  const tookMs = performance.now() - startedAt;
  return {
    ...{ datagrams: count, mutated, repeated, delivered: trio.delivered() - before.delivered },
    isStateKept: machine.state === before.state && JSON.stringify(machine.state) === before.text,
    isChannelKept: JSON.stringify(channel.report()) === reportBefore,
    perSecond: Math.round(count / (tookMs / 1000)),
  };
}
