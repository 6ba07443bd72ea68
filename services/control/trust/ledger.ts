// What control has handed out, as plain data: tokens, certificates, and the epoch of its commands. Each change is a function of
// the ledger before, so that it is either wholly there, on disk and in memory, or not at all.
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { nodeNameSchema, trustLimits } from '../../protocol/trust.ts';

const dayMs = 86_400_000;

const tokenEntrySchema = z.object({
  /** First characters of the hash. */
  id: z.string(),
  /** SHA-256 of the secret, base64url; the secret itself is nowhere. */
  hash: z.string(),
  node: nodeNameSchema.optional(),
  createdAt: z.number(),
  endsAt: z.number(),
  usedAt: z.number().optional(),
});
const certificateEntrySchema = z.object({
  serial: z.string(),
  node: nodeNameSchema,
  issuedAt: z.number(),
  endsAt: z.number(),
  revokedAt: z.number().optional(),
});
export const ledgerSchema = z.object({
  version: z.literal(1),
  epoch: z.number(),
  tokens: z.array(tokenEntrySchema),
  certificates: z.array(certificateEntrySchema),
});
export type Ledger = z.infer<typeof ledgerSchema>;
export type TokenEntry = Ledger['tokens'][number];
export type CertificateEntry = Ledger['certificates'][number];
export const emptyLedger: Ledger = { version: 1, epoch: 0, tokens: [], certificates: [] };

/** Without what is over and refused for that alone. Used tokens stay until they are over, so that a second use can be named. */
export function pruneLedger(ledger: Ledger, now: number): Ledger {
  const tokens = ledger.tokens.filter(({ endsAt }) => endsAt > now);
  const certificates = ledger.certificates.filter(({ endsAt }) => endsAt > now);
  return { ...ledger, tokens, certificates };
}

/** @throws AppError `overloaded` at {@link trustLimits}.tokensMax. */
export function addToken(ledger: Ledger, token: TokenEntry, now: number): Ledger {
  const kept = pruneLedger(ledger, now);
  const open = kept.tokens.filter(({ usedAt }) => usedAt === undefined);
  if (open.length >= trustLimits.tokensMax)
    throw new AppError(
      'overloaded',
      `${trustLimits.tokensMax} join tokens are open, which is the most that control keeps`,
      {
        hint: 'Revoke one with `mailward token revoke`, or wait until one is over',
      },
    );
  const used = kept.tokens.filter(({ usedAt }) => usedAt !== undefined).slice(-trustLimits.tokensMax);
  return { ...kept, tokens: [...used, ...open, token] };
}

/**
 * The token that `node` may join with.
 * @throws AppError `token-refused`, with what is wrong with it.
 */
export function requireToken(ledger: Ledger, hash: string, node: string, now: number): TokenEntry {
  const token = ledger.tokens.find((entry) => entry.hash === hash);
  const refuse = (detail: string, hint = 'Make a new one with `mailward token create`'): AppError =>
    new AppError('token-refused', detail, { hint });
  if (token === undefined || token.endsAt <= now) throw refuse('This join token is unknown, revoked or over');
  if (token.usedAt !== undefined) throw refuse('This join token has been used; each is good for one node');
  if (token.node !== undefined && token.node !== node)
    throw refuse(`This join token is for ${token.node}, not for ${node}`);
  if (token.node === undefined && ledger.certificates.some((entry) => entry.node === node && isGood(entry, now)))
    throw refuse(
      `${node} has joined already, and this join token is not for it by name`,
      `To let it join anew, make one with \`mailward token create --node ${node}\``,
    );
  return token;
}

/**
 * That a certificate still stands: it is in the ledger, and neither revoked nor over.
 * @throws AppError `certificate-over`, `certificate-revoked` or `certificate-refused`.
 */
export function requireCertificate(
  ledger: Ledger,
  shown: Pick<CertificateEntry, 'serial' | 'node' | 'endsAt'>,
  now: number,
): void {
  const { serial, node } = shown;
  const entry = ledger.certificates.find((held) => held.serial === serial);
  if (entry?.revokedAt !== undefined)
    throw new AppError('certificate-revoked', `The certificate of ${node} has been revoked`, {
      hint: `If the node is to come back, make a token with \`mailward token create --node ${node}\``,
    });
  const hint = 'Join the node anew with `mailward join`';
  if (shown.endsAt <= now) throw new AppError('certificate-over', `The certificate of ${node} is over`, { hint });
  if (entry === undefined)
    throw new AppError('certificate-refused', `Control does not remember to have issued the certificate of ${node}`, {
      hint,
    });
}

/** The token is used and the certificate stands; what the node had before is revoked, because the name has moved on. */
export function recordJoin(ledger: Ledger, hash: string, certificate: CertificateEntry, now: number): Ledger {
  const token = requireToken(ledger, hash, certificate.node, now);
  const { ledger: revoked } = revokeCertificates(ledger, ({ node }) => node === certificate.node, now);
  const tokens = revoked.tokens.map((entry) => (entry.id === token.id ? { ...entry, usedAt: now } : entry));
  return recordCertificate({ ...revoked, tokens }, certificate, now);
}

/** @throws AppError `overloaded` at either bound of certificates. */
export function recordCertificate(ledger: Ledger, certificate: CertificateEntry, now: number): Ledger {
  const kept = pruneLedger(ledger, now);
  if (kept.certificates.length >= trustLimits.certificatesMax)
    throw new AppError(
      'overloaded',
      `${trustLimits.certificatesMax} certificates are out, which is the most that control keeps`,
    );
  const today = kept.certificates.filter(({ node, issuedAt }) => node === certificate.node && issuedAt > now - dayMs);
  if (today.length >= trustLimits.certificatesPerNodePerDayMax)
    throw new AppError('overloaded', `${certificate.node} has had ${today.length} certificates within a day`, {
      hint: 'If its agent asks again and again, look into its log',
    });
  return { ...kept, certificates: [...kept.certificates, certificate] };
}

export function revokeCertificates(
  ledger: Ledger,
  isMeant: (entry: CertificateEntry) => boolean,
  now: number,
): { readonly ledger: Ledger; readonly serials: readonly string[] } {
  const meant = ledger.certificates.filter((entry) => isGood(entry, now) && isMeant(entry)).map(({ serial }) => serial);
  const certificates = ledger.certificates.map((entry) =>
    meant.includes(entry.serial) ? { ...entry, revokedAt: now } : entry,
  );
  return { ledger: { ...ledger, certificates }, serials: meant };
}

/** Takes back tokens that are not used yet. */
export function revokeTokens(
  ledger: Ledger,
  isMeant: (entry: TokenEntry) => boolean,
): { readonly ledger: Ledger; readonly count: number } {
  const tokens = ledger.tokens.filter((entry) => entry.usedAt !== undefined || !isMeant(entry));
  return { ledger: { ...ledger, tokens }, count: ledger.tokens.length - tokens.length };
}

export const isGood = (entry: CertificateEntry, now: number): boolean =>
  entry.revokedAt === undefined && entry.endsAt > now;
