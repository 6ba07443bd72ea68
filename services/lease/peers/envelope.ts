// A datagram on the wire: a fixed header, a body, and an HMAC-SHA256 (RFC 2104) over both under the group's key.
//   0 'MWL1'   4 kind   5 key id   6–7 key ids the sender accepts   8–23 incarnation   24 from   25 to
//   26–31 nonce of the sending process   32–37 counter of that process   38… body   last 32 bytes: the HMAC
// Every version begins with 'MWL' and its digit, and has the incarnation at 8–23. Within a version, fields of the body may be
// added: a receiver leaves aside what it does not know. What would change the meaning of a field is a new version.
// Kinds: 1 a lease datagram as JSON; 2 a challenge of 16 bytes that nobody can guess; 3 the same bytes sent back, under the own nonce.
import { createHmac, timingSafeEqual } from 'node:crypto';

export const envelopeLimits = {
  headBytes: 38,
  macBytes: 32,
  challengeBytes: 16,
  /** A renewal of nine voters with all sixteen moves stays below. */
  bytesMax: 2400,
} as const;

/** The digit of the version that this release speaks. */
export const wireVersion = '1';
const family = Buffer.from('MWL');
const magic = Buffer.from(`MWL${wireVersion}`);
export const envelopeKinds = { lease: 1, challenge: 2, answer: 3 } as const;

export type LeaseKey = { readonly id: number; readonly secret: Buffer };
export type Envelope = {
  readonly kind: number;
  readonly accepts: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly nonce: number;
  readonly counter: number;
  readonly body: Buffer;
};

/** The 16 bytes of a UUID. */
export const incarnationBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

const macOf = (secret: Buffer, bytes: Buffer): Buffer => createHmac('sha256', secret).update(bytes).digest();

/** Throws a RangeError above `bytesMax`: a bound of the schema and this one no longer agree. */
export function sealEnvelope(envelope: Envelope, incarnation: Buffer, key: LeaseKey): Buffer {
  const { headBytes, macBytes, bytesMax } = envelopeLimits;
  const signed = Buffer.alloc(headBytes + envelope.body.length);
  if (signed.length + macBytes > bytesMax) throw new RangeError(`a datagram of ${signed.length + macBytes} bytes`);
  magic.copy(signed, 0);
  signed[4] = envelope.kind;
  signed[5] = key.id;
  signed[6] = envelope.accepts[0] ?? 0;
  signed[7] = envelope.accepts[1] ?? 0;
  incarnation.copy(signed, 8);
  signed[24] = envelope.from;
  signed[25] = envelope.to;
  signed.writeUIntBE(envelope.nonce, 26, 6);
  signed.writeUIntBE(envelope.counter, 32, 6);
  envelope.body.copy(signed, headBytes);
  return Buffer.concat([signed, macOf(key.secret, signed)]);
}

/** The incarnation a datagram of any version claims; undefined when it is none of ours by its form. */
export function readIncarnation(bytes: Buffer): Buffer | undefined {
  const { headBytes, macBytes, bytesMax } = envelopeLimits;
  if (bytes.length < headBytes + macBytes || bytes.length > bytesMax || !bytes.subarray(0, 3).equals(family))
    return undefined;
  return bytes.subarray(8, 24);
}

/** What a datagram claims of itself before anything of it is believed. */
export const readClaim = (bytes: Buffer): { readonly version: string; readonly keyId: number } => ({
  version: bytes.toString('latin1', 3, 4),
  keyId: bytes[5] ?? 0,
});

/** What a datagram says, if it is of this form and version and signed under one of `keys`; undefined otherwise. */
export function openEnvelope(
  bytes: Buffer,
  keys: readonly LeaseKey[],
): (Envelope & { readonly keyId: number }) | undefined {
  if (readIncarnation(bytes) === undefined || !bytes.subarray(0, 4).equals(magic)) return undefined;
  const signed = bytes.subarray(0, bytes.length - envelopeLimits.macBytes);
  const key = keys.find((candidate) => candidate.id === signed[5]);
  if (key === undefined) return undefined;
  if (!timingSafeEqual(macOf(key.secret, signed), bytes.subarray(signed.length))) return undefined;
  return {
    keyId: key.id,
    kind: signed.readUInt8(4),
    accepts: [signed.readUInt8(6), signed.readUInt8(7)].filter((id) => id !== 0),
    from: signed.readUInt8(24),
    to: signed.readUInt8(25),
    nonce: signed.readUIntBE(26, 6),
    counter: signed.readUIntBE(32, 6),
    body: Buffer.from(signed.subarray(envelopeLimits.headBytes)),
  };
}
