// What two releases may be to each other: within a version of the wire they mix, across versions neither hears the other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LeaseDatagram, LeaseRequest } from '../../protocol/lease.ts';
import { envelopeKinds, incarnationBytes, openEnvelope, sealEnvelope, wireVersion } from './envelope.ts';
import { createPeerChannel } from './peer-channel.ts';

const key = { id: 1, secret: Buffer.from('a key that only this test knows!') };
const incarnation = incarnationBytes('4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10');
const renewal: LeaseRequest = {
  ...{ kind: 'renew', from: 2, nonce: 77, seq: 5, sentAt: 1234.5, heard: 7, priority: 180, isEligible: true },
  set: { version: 3, epoch: 435_000_000_000_258, voters: [1, 2, 3], leaseMs: 2500, leaseMsMax: 2500 },
  ...{ position: null, ballot: 435_000_000_000_258, resigned: 0, heir: 0 },
  ranking: [{ voter: 1, priority: 190, isEligible: true }],
  moves: [{ epoch: 435_000_000_000_258, to: 2, ageMs: 10 }],
};
/** A renewal as release 0.1.0 sent it. */
const golden = Buffer.from(
  readFileSync(join(import.meta.dirname, 'fixtures', 'renewal.v1.hex'), 'latin1').trim(),
  'hex',
);

/** Voter 1, which has already heard the process 77 of voter 2. */
function listener() {
  const heard: LeaseDatagram[] = [];
  const challenges: Buffer[] = [];
  const channel = createPeerChannel(
    {
      ...{ self: 1, nonce: 11, incarnation, keys: [key], askAgainMs: 0 },
      endpoints: new Map([1, 2].map((number) => [number, { host: '127.0.0.1', port: number }])),
    },
    {
      transmit: (bytes) => {
        const envelope = openEnvelope(bytes, [key]);
        if (envelope?.kind === envelopeKinds.challenge) challenges.push(envelope.body);
      },
      deliver: (datagram) => heard.push(datagram),
      ...{ randomBytes: (size) => Buffer.alloc(size, 7), monotonicMs: () => 0 },
    },
  );
  const send = (bytes: Buffer) => channel.receive(bytes, { host: '127.0.0.1', port: 2 });
  const seal = (kind: number, body: Buffer, counter: number) =>
    sealEnvelope({ kind, accepts: [1], from: 2, to: 1, nonce: 77, counter, body }, incarnation, key);
  const sendBody = (body: unknown, counter: number) => send(seal(1, Buffer.from(JSON.stringify(body)), counter));
  sendBody(renewal, 1);
  for (const challenge of challenges) send(seal(envelopeKinds.answer, challenge, 2));
  heard.splice(0);
  return { heard, send, sendBody, counts: channel.counts };
}

test('what release 0.1.0 sent is understood, byte for byte', () => {
  const { heard, send } = listener();
  send(golden);
  expect(heard).toEqual([renewal]);
  const { body, ...head } = openEnvelope(golden, [key]) ?? { body: Buffer.alloc(0) };
  expect(head).toEqual({ keyId: 1, kind: 1, accepts: [1], from: 2, to: 1, nonce: 77, counter: 9 });
  expect(JSON.parse(body.toString('utf8'))).toEqual(renewal);
});

test('a later release of the same version may say more: what is not known is left aside', () => {
  const { heard, sendBody } = listener();
  sendBody({ ...renewal, mood: 'calm', set: { ...renewal.set, note: 1 } }, 3);
  expect(heard).toEqual([renewal]);
});

test('a release of the same version that says less, or another thing, is not heard', () => {
  const { heard, sendBody, counts } = listener();
  const { moves: _moves, ...less } = renewal;
  sendBody(less, 3);
  sendBody({ ...renewal, kind: 'whisper' }, 4);
  expect(heard).toEqual([]);
  expect(counts.malformed).toBe(2);
});

test('another version is refused whole and counted, so that status can say so', () => {
  const { heard, send, counts } = listener();
  const other = Buffer.from(golden);
  other[3] = wireVersion.charCodeAt(0) + 1;
  send(other);
  expect(heard).toEqual([]);
  expect(counts).toMatchObject({ otherVersion: 1, forged: 0 });
});
