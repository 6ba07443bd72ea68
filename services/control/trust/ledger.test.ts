import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trustLimits } from '../../protocol/trust.ts';
import { createAttemptCounter } from './attempts.ts';
import {
  addToken,
  type CertificateEntry,
  emptyLedger,
  type Ledger,
  recordCertificate,
  recordJoin,
  requireToken,
  revokeCertificates,
  revokeTokens,
  type TokenEntry,
} from './ledger.ts';
import { openLedger } from './ledger-file.ts';

const now = Date.parse('2026-11-22T20:00:00Z');
const hourMs = 3_600_000;
const token = (parts: Partial<TokenEntry> = {}): TokenEntry => ({
  ...{ id: 't1', hash: 'h1', createdAt: now, endsAt: now + hourMs },
  ...parts,
});
const certificate = (parts: Partial<CertificateEntry> = {}): CertificateEntry => ({
  ...{ serial: 'S1', node: 'mx1', issuedAt: now, endsAt: now + 24 * hourMs },
  ...parts,
});
const withToken = (entry = token()): Ledger => addToken(emptyLedger, entry, now);
const refusal = (detail: RegExp) =>
  expect.objectContaining({ code: 'token-refused', message: expect.stringMatching(detail) });

test('a token lets one node join once', () => {
  const joined = recordJoin(withToken(), 'h1', certificate(), now);
  expect(joined.certificates).toEqual([certificate()]);
  expect(() => recordJoin(joined, 'h1', certificate({ serial: 'S2', node: 'mx2' }), now)).toThrow(
    refusal(/has been used/),
  );
});

test.each([
  ['unknown', withToken(), 'h2', /unknown, revoked or over/],
  ['over', withToken(token({ endsAt: now })), 'h1', /unknown, revoked or over/],
  ['of another node', withToken(token({ node: 'mx2' })), 'h1', /is for mx2, not for mx1/],
  [
    'of nobody, for a node that has joined',
    { ...withToken(), certificates: [certificate()] },
    'h1',
    /has joined already/,
  ],
])('a token that is %s is refused', (_what, ledger, hash, detail) => {
  expect(() => requireToken(ledger, hash, 'mx1', now)).toThrow(refusal(detail));
});

test('a node that joins anew leaves its old certificate behind', () => {
  const before = { ...withToken(token({ node: 'mx1' })), certificates: [certificate()] };
  const after = recordJoin(before, 'h1', certificate({ serial: 'S2' }), now);
  expect(after.certificates.map(({ serial, revokedAt }) => [serial, revokedAt])).toEqual([
    ['S1', now],
    ['S2', undefined],
  ]);
});

test('tokens and certificates are bounded, and what is over makes room', () => {
  let ledger = emptyLedger;
  for (let no = 0; no < trustLimits.tokensMax; no++)
    ledger = addToken(ledger, token({ id: `t${no}`, hash: `h${no}` }), now);
  expect(() => addToken(ledger, token({ id: 'more' }), now)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  expect(addToken(ledger, token({ endsAt: now + 2 * hourMs }), now + hourMs).tokens).toHaveLength(1);

  const old = now - 48 * hourMs;
  const certificates = Array.from({ length: trustLimits.certificatesMax }, (_, no) =>
    certificate({ serial: `S${no}`, node: `mx${no}`, issuedAt: old }),
  );
  const full = { ...emptyLedger, certificates };
  expect(() => recordCertificate(full, certificate(), now)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  expect(
    recordCertificate(full, certificate({ endsAt: now + 72 * hourMs }), now + 24 * hourMs).certificates,
  ).toHaveLength(1);
});

test('one node gets no more than its share within a day', () => {
  let ledger = emptyLedger;
  for (let no = 0; no < trustLimits.certificatesPerNodePerDayMax; no++)
    ledger = recordCertificate(ledger, certificate({ serial: `S${no}`, endsAt: now + 72 * hourMs }), now);
  expect(() => recordCertificate(ledger, certificate(), now)).toThrow(/mx1 has had 24 certificates within a day/);
  expect(recordCertificate(ledger, certificate({ node: 'mx2' }), now).certificates).toHaveLength(25);
  expect(
    recordCertificate(ledger, certificate({ endsAt: now + 72 * hourMs }), now + 25 * hourMs).certificates,
  ).toHaveLength(25);
});

test('what is revoked is named, and only what was good', () => {
  const ledger = {
    ...withToken(token({ node: 'mx1' })),
    certificates: [certificate(), certificate({ serial: 'S2', node: 'mx2' })],
  };
  const { ledger: after, serials } = revokeCertificates(ledger, ({ node }) => node === 'mx1', now);
  expect(serials).toEqual(['S1']);
  expect(revokeCertificates(after, () => true, now + 1).serials).toEqual(['S2']);
  expect(revokeTokens(ledger, ({ node }) => node === 'mx1').count).toBe(1);
});

test('the file holds what memory holds, for its owner alone; what fails changes neither', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-ledger-'));
  try {
    const path = join(folder, 'ledger.json');
    const file = await openLedger(path, { mayBegin: true });
    await Promise.all(
      ['a', 'b', 'c'].map((id) =>
        file.change((before) => ({ ledger: addToken(before, token({ id, hash: id }), now), value: id })),
      ),
    );
    await expect(
      file.change((before) => ({ ledger: recordJoin(before, 'none', certificate(), now), value: 0 })),
    ).rejects.toThrow();
    expect(file.read().tokens.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect((await openLedger(path, { mayBegin: true })).read()).toEqual(file.read());
    expect(statSync(path).mode & 0o777).toBe(0o600);

    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20));
    await expect(openLedger(path, { mayBegin: true })).rejects.toMatchObject({ code: 'store-failed' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('attempts are counted by address and minute, for so many addresses', () => {
  const mayTry = createAttemptCounter({ perMinuteMax: 2, addressesMax: 2 });
  expect(['a', 'a', 'a', 'b'].map((address) => mayTry(address, now))).toEqual([true, true, false, true]);
  expect([mayTry('c', now), mayTry('a', now)]).toEqual([true, true]);
  expect([mayTry('a', now), mayTry('a', now), mayTry('a', now + 60_000)]).toEqual([true, false, true]);
});
