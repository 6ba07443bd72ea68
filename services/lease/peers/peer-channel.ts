// The signed channel between the voters of one group. Nothing is believed of a process that has not answered a challenge:
// its nonce is new to us, and what it says may be a repeat from an earlier boot.
import { createHmac } from 'node:crypto';
import type { LeaseDatagram } from '../../protocol/lease.ts';
import { leaseDatagramSchema } from '../../protocol/lease.ts';
import type { Envelope, LeaseKey } from './envelope.ts';
import { envelopeKinds, envelopeLimits, openEnvelope, readClaim, sealEnvelope, wireVersion } from './envelope.ts';
import type { ReplayWindow } from './replay-window.ts';
import { createReplayWindow, takeCounter } from './replay-window.ts';

export const channelLimits = {
  /** Unknown processes of one voter that are being asked at a time; the oldest gives way. */
  askedMax: 2,
  /** Datagrams kept of a process until it has answered; the oldest gives way. */
  heldMax: 4,
} as const;

export type Endpoint = { readonly host: string; readonly port: number };
type Signed = Envelope & { readonly keyId: number };
type Asked = { readonly nonce: number; askedAt: number; readonly held: Envelope[] };
/** `nonce` 0: whichever process of the voter answers. */
type Probe = { readonly nonce: number; readonly challenge: Buffer; readonly askedAt: number };
type Voter = {
  /** The process of this voter that proved to be alive; 0: none yet. */
  nonce: number;
  window: ReplayWindow;
  asked: Asked[];
  probe: Probe | undefined;
  /** Answers taken; a challenge is good until the next one is. */
  answers: number;
  accepts: readonly number[];
  rttMs: number | undefined;
};

export type ChannelCounts = {
  taken: number;
  forged: number;
  repeated: number;
  malformed: number;
  challenged: number;
  /** Claim to be under a key that is none of ours, or of another version: who sent them is not known. */
  otherKey: number;
  otherVersion: number;
};
export type PeerReport = {
  readonly number: number;
  readonly rttMs: number | undefined;
  readonly keyIds: readonly number[];
};
export type PeerChannel = {
  /** To the fixed address of a voter. */
  readonly send: (to: number, datagram: LeaseDatagram) => void;
  /** A datagram of this incarnation, from wherever it came. */
  readonly receive: (bytes: Buffer, source: Endpoint) => void;
  /** Measures the round trip to each voter; one that was never heard becomes known by its answer. */
  readonly probe: () => void;
  /** From now on these keys are accepted, and the first is preferred. */
  readonly rekey: (keys: readonly LeaseKey[]) => void;
  readonly report: () => readonly PeerReport[];
  readonly counts: Readonly<ChannelCounts>;
};

/**
 * `keys`: the first is preferred, and used towards a voter once that voter has said that it accepts it; until a voter was
 * heard, the last is. `deliver` gets each datagram once, from a process that was alive when it was asked.
 */
export function createPeerChannel(
  config: {
    readonly self: number;
    readonly nonce: number;
    readonly incarnation: Buffer;
    /** At the start; see `rekey`. */
    readonly keys: readonly LeaseKey[];
    readonly endpoints: ReadonlyMap<number, Endpoint>;
    /** An unanswered challenge is repeated after this long. */
    readonly askAgainMs: number;
  },
  deps: {
    readonly transmit: (bytes: Buffer, to: Endpoint) => void;
    readonly deliver: (datagram: LeaseDatagram) => void;
    readonly randomBytes: (size: number) => Buffer;
    readonly monotonicMs: () => number;
  },
): PeerChannel {
  const { self, nonce, incarnation, endpoints, askAgainMs } = config;
  let keys = config.keys;
  const voters = new Map<number, Voter>(
    [...endpoints.keys()].map((number) => [
      number,
      {
        nonce: 0,
        window: createReplayWindow(),
        asked: [],
        probe: undefined,
        answers: 0,
        accepts: [],
        rttMs: undefined,
      },
    ]),
  );
  const counts: ChannelCounts = {
    ...{ taken: 0, forged: 0, repeated: 0, malformed: 0, challenged: 0, otherKey: 0, otherVersion: 0 },
  };
  const secret = deps.randomBytes(32);
  let counter = 0;

  /** Made anew when the answer comes, so that repeats from earlier processes cannot push out the question to a live one. */
  const challengeOf = (voter: Voter, { from, nonce: asks }: Envelope): Buffer =>
    createHmac('sha256', secret)
      .update(`${from} ${asks} ${voter.answers}`)
      .digest()
      .subarray(0, envelopeLimits.challengeBytes);

  const keyFor = (voter: Voter | undefined): LeaseKey | undefined =>
    keys.find((key) => voter?.accepts.includes(key.id)) ?? keys.at(-1);

  /** `keyId`: of the question that this is an answer to, because who asked surely has that key. */
  function transmit(kind: number, to: number, body: Buffer, endpoint: Endpoint, keyId?: number): void {
    const key = keyId === undefined ? keyFor(voters.get(to)) : keys.find((candidate) => candidate.id === keyId);
    if (key === undefined) return;
    const accepts = keys.map((each) => each.id);
    counter += 1;
    deps.transmit(sealEnvelope({ kind, accepts, from: self, to, nonce, counter, body }, incarnation, key), endpoint);
  }

  /** Asks a process that is not known yet to prove that it is alive; what it said is kept until it has. */
  function ask(voter: Voter, envelope: Signed, source: Endpoint): void {
    let asked = voter.asked.find((candidate) => candidate.nonce === envelope.nonce);
    const now = deps.monotonicMs();
    if (asked === undefined) {
      asked = { nonce: envelope.nonce, askedAt: Number.NEGATIVE_INFINITY, held: [] };
      voter.asked = [...voter.asked, asked].slice(-channelLimits.askedMax);
    }
    if (envelope.kind === envelopeKinds.lease) {
      asked.held.push(envelope);
      asked.held.splice(0, asked.held.length - channelLimits.heldMax);
    }
    if (now - asked.askedAt < askAgainMs) return;
    asked.askedAt = now;
    counts.challenged += 1;
    transmit(envelopeKinds.challenge, envelope.from, challengeOf(voter, envelope), source, envelope.keyId);
  }

  function takeAnswer(voter: Voter, envelope: Envelope): void {
    const { probe } = voter;
    const isProbed =
      probe !== undefined &&
      (probe.nonce === envelope.nonce || probe.nonce === 0) &&
      probe.challenge.equals(envelope.body);
    if (!isProbed && !challengeOf(voter, envelope).equals(envelope.body)) {
      counts.repeated += 1;
      return;
    }
    const asked = voter.asked.find((candidate) => candidate.nonce === envelope.nonce);
    const askedAt = isProbed ? probe.askedAt : asked?.askedAt;
    if (askedAt !== undefined) voter.rttMs = deps.monotonicMs() - askedAt;
    if (isProbed) voter.probe = undefined;
    voter.asked = voter.asked.filter((candidate) => candidate !== asked);
    voter.answers += 1;
    if (voter.nonce !== envelope.nonce) {
      voter.nonce = envelope.nonce;
      voter.window = createReplayWindow();
    }
    voter.accepts = envelope.accepts;
    for (const held of asked?.held ?? []) take(voter, held);
  }

  function take(voter: Voter, envelope: Envelope): void {
    const datagram = readDatagram(envelope);
    if (datagram === undefined) counts.malformed += 1;
    else if (!takeCounter(voter.window, envelope.counter)) counts.repeated += 1;
    else {
      voter.accepts = envelope.accepts;
      counts.taken += 1;
      deps.deliver(datagram);
    }
  }

  return {
    send: (to, datagram) => {
      const endpoint = endpoints.get(to);
      if (endpoint !== undefined) transmit(envelopeKinds.lease, to, Buffer.from(JSON.stringify(datagram)), endpoint);
    },
    receive: (bytes, source) => {
      const claim = readClaim(bytes);
      if (claim.version !== wireVersion) {
        counts.otherVersion += 1;
        return;
      }
      if (!keys.some((key) => key.id === claim.keyId)) {
        counts.otherKey += 1;
        return;
      }
      const envelope = openEnvelope(bytes, keys);
      const voter = envelope === undefined ? undefined : voters.get(envelope.from);
      if (envelope === undefined || voter === undefined || envelope.to !== self) {
        counts.forged += 1;
        return;
      }
      // A hello to the own number comes back to its sender where no clone takes it.
      if (envelope.from === self && envelope.nonce === nonce) return;
      if (envelope.kind === envelopeKinds.challenge) {
        if (envelope.body.length === envelopeLimits.challengeBytes)
          transmit(envelopeKinds.answer, envelope.from, envelope.body, source, envelope.keyId);
        // Voters that hold nothing only ask one another: so a restart is known, and so is a key that was given up.
        if (envelope.nonce !== voter.nonce) ask(voter, envelope, source);
        else if (takeCounter(voter.window, envelope.counter)) voter.accepts = envelope.accepts;
      } else if (envelope.kind === envelopeKinds.answer) takeAnswer(voter, envelope);
      else if (envelope.kind !== envelopeKinds.lease) counts.malformed += 1;
      else if (envelope.nonce === voter.nonce) take(voter, envelope);
      else ask(voter, envelope, source);
    },
    probe: () => {
      const now = deps.monotonicMs();
      for (const [number, voter] of voters) {
        const endpoint = endpoints.get(number);
        if (number === self || endpoint === undefined) continue;
        const challenge = deps.randomBytes(envelopeLimits.challengeBytes);
        // The last question has found no answer: what was measured before says nothing of now.
        if (voter.probe !== undefined) voter.rttMs = undefined;
        voter.probe = { nonce: voter.nonce, challenge, askedAt: now };
        transmit(envelopeKinds.challenge, number, challenge, endpoint);
      }
    },
    rekey: (next) => {
      keys = next;
    },
    report: () =>
      [...voters].map(([number, voter]) => ({
        number,
        rttMs: voter.rttMs,
        keyIds: number === self ? keys.map((key) => key.id) : voter.accepts,
      })),
    counts,
  };
}

/** The body as a lease datagram that says of its sender what the envelope says. */
function readDatagram(envelope: Envelope): LeaseDatagram | undefined {
  let json: unknown;
  try {
    json = JSON.parse(envelope.body.toString('utf8'));
  } catch {
    return undefined;
  }
  const result = leaseDatagramSchema.safeParse(json);
  if (!result.success || result.data.from !== envelope.from || result.data.nonce !== envelope.nonce) return undefined;
  const { voters } = result.data.set;
  return new Set(voters).size === voters.length ? result.data : undefined;
}
