import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { commandText, type SignedCommand, signedCommandSchema, trustLimits } from '../../protocol/trust.ts';
import { createCommandVerifier } from './command-verifier.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const { clockSkewMs, commandLifeMsMax, commandsRememberedMax } = trustLimits;
let dataDir = '';
let now = Date.parse('2026-11-22T20:00:00Z');

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'mailward-commands-'));
  now = Date.parse('2026-11-22T20:00:00Z');
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** As it travels: signed, then encoded. */
function signed(parts: Partial<SignedCommand> = {}, key: KeyObject = privateKey): z.input<typeof signedCommandSchema> {
  const command = {
    ...{ id: 'c1', action: 'fault-heal', parameters: { fault: 'x', ttlSeconds: 3 }, node: 'mx1', epoch: 7 },
    ...{ nonce: randomBytes(16).toString('base64url'), notAfter: now + 30_000 },
    ...parts,
  };
  const signature = sign(null, Buffer.from(commandText(command)), key).toString('base64url');
  return z.encode(signedCommandSchema, { ...command, signature });
}
const verifier = () =>
  createCommandVerifier({ node: 'mx1', dataDir }, { clock: { now: () => now }, readKey: () => publicKey });

test('a good command is taken once, also by an agent that was started anew', async () => {
  const command = signed();
  const first = verifier();
  const both = await Promise.all([first.verify(command), first.verify(structuredClone(command))]);
  expect(both.map(({ ok }) => ok)).toEqual([true, false]);
  expect(await verifier().verify(command)).toMatchObject({ ok: false, refusal: 'reused' });
  expect(await verifier().verify(signed())).toMatchObject({ ok: true, command: { action: 'fault-heal' } });
});

test.each([
  ['no command', () => ({ id: 'c1' }), 'bad-signature'],
  ['of another control', () => signed({}, generateKeyPairSync('ed25519').privateKey), 'bad-signature'],
  ['with other parameters than were signed', () => ({ ...signed(), parameters: { fault: 'y' } }), 'bad-signature'],
  ['whose end was put off', () => ({ ...signed(), notAfter: new Date(now + 60_000).toISOString() }), 'bad-signature'],
  ['for another node', () => signed({ node: 'mx2' }), 'wrong-node'],
  ['that is over', () => signed({ notAfter: now - clockSkewMs - 1 }), 'expired'],
  ['that is good for too long', () => signed({ notAfter: now + commandLifeMsMax + clockSkewMs + 1 }), 'expired'],
])('a command %s is refused', async (_what, make, refusal) => {
  expect(await verifier().verify(make())).toMatchObject({ ok: false, refusal });
});

test('the epoch only rises', async () => {
  const first = verifier();
  expect((await first.verify(signed({ epoch: 9 }))).ok).toBe(true);
  expect(await first.verify(signed({ epoch: 8 }))).toMatchObject({ refusal: 'stale-epoch' });
  expect(await verifier().verify(signed({ epoch: 8 }))).toMatchObject({ refusal: 'stale-epoch' });
  expect((await first.verify(signed({ epoch: 10 }))).ok).toBe(true);
});

test('no more is remembered than the bound, and what is over is forgotten', async () => {
  const file = join(dataDir, 'trust', 'commands.json');
  expect((await verifier().verify(signed())).ok).toBe(true);
  const seen = Array.from({ length: commandsRememberedMax }, (_, no) => ({ nonce: `n${no}`, notAfter: now }));
  writeFileSync(file, JSON.stringify({ version: 1, epoch: 7, seen }));
  expect(await verifier().verify(signed())).toMatchObject({ ok: false, refusal: 'overloaded' });
  now += clockSkewMs + 1;
  expect((await verifier().verify(signed())).ok).toBe(true);
  expect(JSON.parse(readFileSync(file, 'utf8')).seen).toHaveLength(1);
});

test('a memory that cannot be read lets nothing pass', async () => {
  expect((await verifier().verify(signed())).ok).toBe(true);
  writeFileSync(join(dataDir, 'trust', 'commands.json'), '{');
  await expect(verifier().verify(signed())).rejects.toThrow();
});
