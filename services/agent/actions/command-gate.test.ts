import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { commandText, type SignedCommand, signedCommandSchema } from '../../protocol/trust.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createCommandGate } from './command-gate.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const now = 1_800_000_000_000;
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gate-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const gateAt = (time: number, rememberedMax = 10) =>
  createCommandGate(
    { node: 'mx1', dataDir, rememberedMax },
    { clock: { ...systemClock, now: () => time }, readKey: () => publicKey },
  );
let count = 0;
function command(part: Partial<SignedCommand> = {}, key = privateKey): SignedCommand {
  const named = {
    ...{ id: 'c1', action: 'fault-heal', parameters: { fault: 'queue-full' }, node: 'mx1', epoch: 7 },
    ...{ nonce: String(++count).padStart(22, 'n'), notAfter: now + 30_000 },
    ...part,
  };
  return { ...named, signature: sign(null, Buffer.from(commandText(named)), key).toString('base64url') };
}
const onWire = (signed: SignedCommand): unknown => z.encode(signedCommandSchema, signed);

test('a command of control is let through once', async () => {
  const gate = await gateAt(now);
  const signed = command();
  expect(await gate.check(onWire(signed))).toEqual({ ok: true, command: signed });
  expect(await gate.check(onWire(signed))).toMatchObject({ ok: false, refusal: 'reused' });
});

test.each([
  ['for another node', () => command({ node: 'mx2' }), 'wrong-node', 'is for mx2'],
  ['that is over', () => command({ notAfter: now - 1 }), 'expired', 'was good until'],
  ['that is good for a day', () => command({ notAfter: now + 86_400_000 }), 'bad-action', 'longer than any may be'],
  ['that was changed', () => ({ ...command(), action: 'fault-inject' }), 'bad-signature', 'not signed'],
  [
    'that another key has signed',
    () => command({}, generateKeyPairSync('ed25519').privateKey),
    'bad-signature',
    'not signed',
  ],
] as const)('a command %s is refused', async (_, make, refusal, words) => {
  const gate = await gateAt(now);
  expect(await gate.check(onWire(make()))).toMatchObject({
    ok: false,
    refusal,
    detail: expect.stringContaining(words),
  });
});

test('what is no command at all is refused', async () => {
  const gate = await gateAt(now);
  for (const payload of [undefined, 'x', {}, { ...(onWire(command()) as object), nonce: 'short' }])
    expect(await gate.check(payload)).toMatchObject({ ok: false, refusal: 'bad-action' });
});

test('an epoch that control has left behind is refused, also after a start of the agent', async () => {
  const gate = await gateAt(now);
  expect(await gate.check(onWire(command({ epoch: 8 })))).toMatchObject({ ok: true });
  expect(await gate.check(onWire(command({ epoch: 7 })))).toMatchObject({ refusal: 'stale-epoch' });
  const later = await gateAt(now + 1);
  expect(await later.check(onWire(command({ epoch: 7 })))).toMatchObject({ refusal: 'stale-epoch' });
});

test('a start of the agent does not forget what was taken', async () => {
  const signed = command();
  expect(await (await gateAt(now)).check(onWire(signed))).toMatchObject({ ok: true });
  const later = await gateAt(now + 1);
  expect(await later.check(onWire(signed))).toMatchObject({ refusal: 'reused' });
  expect(await later.check(onWire(command({ notAfter: signed.notAfter + 1 })))).toMatchObject({ ok: true });
});

test('what is remembered is bounded, and room comes back when commands are over', async () => {
  let time = now;
  const gate = await createCommandGate(
    { node: 'mx1', dataDir, rememberedMax: 2 },
    { clock: { ...systemClock, now: () => time }, readKey: () => publicKey },
  );
  for (const _ of [1, 2]) expect(await gate.check(onWire(command()))).toMatchObject({ ok: true });
  expect(await gate.check(onWire(command()))).toMatchObject({ refusal: 'overloaded' });
  time = now + 30_001;
  expect(await gate.check(onWire(command({ notAfter: time + 30_000 })))).toMatchObject({ ok: true });
});
