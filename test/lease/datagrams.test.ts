// The channel between voters under fire, and the change of its keys. MAILWARD_FUZZ_DATAGRAMS raises the number of datagrams.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { LeaseKey } from '../../services/lease/peers/envelope.ts';
import { envelopeLimits, incarnationBytes } from '../../services/lease/peers/envelope.ts';
import { createPeerChannel } from '../../services/lease/peers/peer-channel.ts';
import { type LeaseDatagram, type LeaseRequest, leaseLimits } from '../../services/protocol/lease.ts';
import { fuzzDatagrams } from './datagram-fuzz.ts';

test('strangers, mutations under a valid key and repeats from earlier boots change nothing', () => {
  const datagrams = Number(process.env.MAILWARD_FUZZ_DATAGRAMS ?? 100_000);
  const result = fuzzDatagrams(datagrams, 1);
  expect(result).toMatchObject({ datagrams, delivered: 0, isStateKept: true, isChannelKept: true });
  expect(result.mutated).toBeGreaterThan(0.45 * datagrams);
}, 600_000);

const oldKey: LeaseKey = { id: 1, secret: randomBytes(32) };
const newKey: LeaseKey = { id: 2, secret: randomBytes(32) };
const endpoints = new Map([1, 2].map((number) => [number, { host: '127.0.0.1', port: number }]));
const incarnation = incarnationBytes('4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10');
const hello = (from: number, nonce: number): LeaseRequest => ({
  ...{ kind: 'hello', from, nonce, seq: 1, sentAt: 1, heard: 0, priority: 1, isEligible: true, position: null },
  set: { version: 1, epoch: 0, voters: [1, 2], leaseMs: 1, leaseMsMax: 1 },
  ...{ ballot: 0, resigned: 0, heir: 0, ranking: [], moves: [] },
});

/** Two channels whose processes may be started anew with other keys; `heard` lists what was delivered. */
function createPair() {
  const heard: { at: number; from: number; nonce: number }[] = [];
  const wire: Buffer[] = [];
  const channels = new Map<number, ReturnType<typeof createPeerChannel>>();
  const start = (self: number, nonce: number, keys: readonly LeaseKey[]) =>
    channels.set(
      self,
      createPeerChannel(
        { self, nonce, incarnation, keys, endpoints, askAgainMs: 0 },
        {
          transmit: (bytes, { port }) => {
            wire.push(bytes);
            channels.get(port)?.receive(bytes, { host: '127.0.0.1', port: self });
          },
          deliver: ({ from, nonce }: LeaseDatagram) => heard.push({ at: self, from, nonce }),
          randomBytes,
          monotonicMs: () => 0,
        },
      ),
    );
  const say = (from: number, to: number, nonce: number) => channels.get(from)?.send(to, hello(from, nonce));
  return { start, say, heard, wire, channels };
}

test('a process that came back is heard after it answered a challenge; its earlier life is not', () => {
  const { start, say, heard, wire, channels } = createPair();
  start(1, 100, [oldKey]);
  start(2, 200, [oldKey]);
  say(2, 1, 200);
  expect(heard).toEqual([{ at: 1, from: 2, nonce: 200 }]);
  const [first = Buffer.alloc(0)] = wire;
  start(2, 201, [oldKey]);
  channels.get(1)?.receive(first, { host: '127.0.0.1', port: 9 });
  say(2, 1, 201);
  channels.get(1)?.receive(first, { host: '127.0.0.1', port: 9 });
  expect(heard.slice(1)).toEqual([{ at: 1, from: 2, nonce: 201 }]);
});

test('a process that came back gets in while recordings of several earlier lives are repeated at it', () => {
  const { start, say, heard, wire, channels } = createPair();
  start(1, 100, [oldKey]);
  const recordings: Buffer[] = [];
  for (const nonce of [201, 202, 203, 204]) {
    start(2, nonce, [oldKey]);
    wire.splice(0);
    say(2, 1, nonce);
    recordings.push(...wire);
  }
  const repeat = () => {
    for (const bytes of recordings) channels.get(1)?.receive(bytes, { host: '127.0.0.1', port: 9 });
  };
  start(2, 205, [oldKey]);
  const live = channels.get(2);
  const receive = live?.receive;
  heard.splice(0);
  // The recordings come between each question and its answer.
  channels.set(2, {
    ...live,
    receive: (bytes, source) => {
      repeat();
      receive?.(bytes, source);
    },
  } as ReturnType<typeof createPeerChannel>);
  for (let round = 0; round < 2; round++) live?.send(1, hello(2, 205));
  expect(heard.length).toBeGreaterThan(0);
  repeat();
  expect(new Set(heard.map(({ nonce }) => nonce))).toEqual(new Set([205]));
});

test('keys change while the group runs: old, then both, then the new one alone, one voter at a time', () => {
  const { start, say, heard, wire } = createPair();
  const steps: [number, LeaseKey[]][] = [
    [1, [oldKey]],
    [2, [oldKey]],
    [1, [newKey, oldKey]],
    [2, [newKey, oldKey]],
    [1, [newKey]],
    [2, [newKey]],
  ];
  let nonce = 0;
  const noncesBy = new Map<number, number>();
  for (const [number, keys] of steps) {
    nonce += 1;
    start(number, nonce, keys);
    noncesBy.set(number, nonce);
    if (noncesBy.size < 2) continue;
    heard.splice(0);
    // The second time each knows which keys the other accepts.
    for (let round = 0; round < 2; round++) for (const from of [1, 2]) say(from, 3 - from, noncesBy.get(from) ?? 0);
    expect(new Set(heard.map(({ at }) => at)), `after step ${nonce}`).toEqual(new Set([1, 2]));
  }
  expect(wire.at(-1)?.[5], 'signed with the new key').toBe(newKey.id);
});

test('a voter that comes back with the old key alone is heard, although the others send it the new one by now', () => {
  const { start, say, heard } = createPair();
  start(1, 100, [newKey, oldKey]);
  start(2, 200, [newKey, oldKey]);
  for (let round = 0; round < 2; round++) for (const from of [1, 2]) say(from, 3 - from, from * 100);
  start(2, 201, [oldKey]);
  heard.splice(0);
  for (let round = 0; round < 2; round++) for (const from of [2, 1]) say(from, 3 - from, from === 1 ? 100 : 201);
  expect(new Set(heard.map(({ at }) => at))).toEqual(new Set([1, 2]));
});

test('keys change in a running process; whoever was sent to under the key it gave up says so by its next question', () => {
  const { start, say, heard, channels } = createPair();
  start(1, 100, [oldKey]);
  start(2, 200, [oldKey]);
  const talk = () => {
    heard.splice(0);
    for (const from of [1, 2]) say(from, 3 - from, from * 100);
    return heard.map(({ at }) => at).sort();
  };
  talk();
  talk();
  // The first voter's file names the old key first, the other way round than the second one's.
  channels.get(1)?.rekey([oldKey, newKey]);
  channels.get(2)?.rekey([newKey, oldKey]);
  expect(talk()).toEqual([1, 2]);
  channels.get(2)?.rekey([newKey]);
  channels.get(2)?.probe();
  expect(talk()).toEqual([1, 2]);
  expect(
    channels
      .get(1)
      ?.report()
      .map(({ keyIds }) => keyIds),
  ).toEqual([[1, 2], [2]]);
});

test('a voter that only asks is known after a restart, and which keys it has', () => {
  const { start, say, channels } = createPair();
  start(1, 100, [newKey, oldKey]);
  start(2, 200, [oldKey]);
  for (let round = 0; round < 2; round++) for (const from of [1, 2]) say(from, 3 - from, from * 100);
  start(2, 201, [newKey, oldKey]);
  channels.get(2)?.probe();
  expect(channels.get(1)?.report()[1]?.keyIds).toEqual([2, 1]);
});

test('the largest datagram there can be fits', () => {
  const { start, say, heard, channels } = createPair();
  start(1, 2 ** 32, [oldKey]);
  start(2, 2 ** 32 + 1, [oldKey]);
  say(2, 1, 2 ** 32 + 1);
  const big = 1_800_000_000_000 * 256 + 255;
  const long = 123_456_789.123;
  channels.get(2)?.send(1, {
    ...hello(2, 2 ** 32 + 1),
    ...{
      kind: 'renew',
      seq: 2 ** 40,
      sentAt: long,
      heard: 511,
      priority: 253.999,
      position: big,
      ballot: big,
      resigned: big,
    },
    set: {
      version: 2 ** 31,
      epoch: big,
      voters: Array.from({ length: leaseLimits.votersMax }, (_, index) => 247 + index),
      leaseMs: long,
      leaseMsMax: long,
    },
    ranking: Array.from({ length: leaseLimits.votersMax }, () => ({
      voter: 255,
      priority: 253.999,
      isEligible: false,
    })),
    moves: Array.from({ length: leaseLimits.movesMax }, () => ({ epoch: big, to: 255, ageMs: 3_599_999.999 })),
  });
  expect(heard).toHaveLength(2);
  expect(envelopeLimits.bytesMax).toBeLessThan(65_507);
});
