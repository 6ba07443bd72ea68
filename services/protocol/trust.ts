// Trust between control and agents: how a node joins, what a certificate is issued for, and how a command is signed.
import { z } from 'zod';
import { instant } from './instant.ts';

/** Bounds of everything that others may ask of control's certificate authority, and of what an agent remembers. */
export const trustLimits = {
  /** PEM of a certificate request; one for a P-256 key takes about 500 bytes. */
  requestBytesMax: 4096,
  /** Join tokens that are neither used nor over. */
  tokensMax: 100,
  tokenLifeMsMax: 7 * 24 * 3_600_000,
  tokenLifeMsDefault: 3_600_000,
  /** Attempts to join from one address within a minute; the next one is told to come back. */
  joinAttemptsPerMinuteMax: 10,
  /** Addresses whose attempts are counted; the one counted first is forgotten for a new one. */
  joinAddressesMax: 1000,
  /** Certificates that are not over yet, revoked ones among them, so this bounds what is revoked too. */
  certificatesMax: 10_000,
  /** What one node may ask for within a day; a rogue agent does not fill the list. */
  certificatesPerNodePerDayMax: 24,
  /** How far the clocks of control and of an agent may be apart: certificates begin this much earlier. */
  clockSkewMs: 5 * 60_000,
  /** How long a signed command may be good for, so that an agent need not remember it for longer. */
  commandLifeMsMax: 10 * 60_000,
  /** Commands that an agent remembers, so that none runs twice; with more than that within their lives it refuses. */
  commandsRememberedMax: 10_000,
} as const;

/** A node's name where it stands in a certificate: a host name, so that nothing in it needs quoting. */
export const nodeNameSchema = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    'A node is named like a host: letters, digits, dots and hyphens',
  );

/** The URI names (RFC 5280 4.2.1.6) that certificates carry; the agent asks for the role of control, not for a host's name. */
export const controlUri = 'mailward://control';
const nodeUriStart = 'mailward://node/';
export const nodeUriOf = (node: string): string => nodeUriStart + node;

/**
 * The name after `URI:` in the form of `subjectAltName` that node:crypto gives (RFC 5280 names joined by `, `), when there is
 * exactly one that is ours.
 */
export function readUri(subjectAltName: string | undefined): string | undefined {
  const ours = (subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:mailward://'));
  return ours.length === 1 ? ours[0]?.slice('URI:'.length) : undefined;
}

/** The node that a name stands for; `undefined` when it is none. */
export function readNodeUri(uri: string | undefined): string | undefined {
  if (uri === undefined || !uri.startsWith(nodeUriStart)) return undefined;
  const node = nodeNameSchema.safeParse(uri.slice(nodeUriStart.length));
  return node.success ? node.data : undefined;
}

/**
 * A join token as it is given to a person: `mwj1.<secret>.<SHA-256 of control's CA certificate>`, both base64url of 32 bytes.
 * The secret is worth one certificate; the fingerprint lets the node know control before it says the secret.
 */
export const joinTokenSchema = z
  .string()
  .regex(/^mwj1\.[\w-]{43}\.[\w-]{43}$/, 'A join token begins with mwj1. and is made by `mailward token create`')
  .transform((text) => {
    const [, secret = '', caFingerprint = ''] = text.split('.');
    return { secret, caFingerprint };
  });
export const joinTokenOf = (secret: string, caFingerprint: string): string => `mwj1.${secret}.${caFingerprint}`;

const pem = z.string().max(16 * 1024);

/** `GET /trust/v1/authority`, to be believed only when the fingerprint is that of the token. */
export const authoritySchema = z.object({ certificates: z.array(pem).min(1).max(4) });

/** `POST /trust/v1/join`, without a certificate. `request`: PKCS #10 (RFC 2986) for a P-256 key that stays on the node. */
export const joinRequestSchema = z.object({
  secret: z.string().max(64),
  node: nodeNameSchema,
  request: z.string().max(trustLimits.requestBytesMax),
});

/** `POST /trust/v1/renew`, over a connection with the certificate that still holds; its name is the new one's too. */
export const renewRequestSchema = z.object({ request: z.string().max(trustLimits.requestBytesMax) });

/** The answer to both: all that a node needs to trust control and to be trusted. */
export const issuedSchema = z.object({
  node: nodeNameSchema,
  certificate: pem,
  /** The certificates that control's own may be signed by. */
  authorities: z.array(pem).min(1).max(4),
  /** Ed25519 public key (SPKI, PEM) that signs commands. */
  commandKey: pem,
  /** How long the certificate is good for from now on; a duration, because the node's clock may be off. */
  lifeMs: z.number().positive(),
});
export type Issued = z.infer<typeof issuedSchema>;

/** `POST /api/v1/trust/tokens`: a token for one node, or for any when none is named. */
export const tokenWishSchema = z.object({
  node: nodeNameSchema.optional(),
  lifeMs: z.number().int().min(1000).max(trustLimits.tokenLifeMsMax).default(trustLimits.tokenLifeMsDefault),
});
/** Without the secret, of which control keeps only a hash. `id` is enough to revoke it. */
export const tokenSchema = z.object({
  id: z.string(),
  node: nodeNameSchema.optional(),
  createdAt: instant,
  endsAt: instant,
});
/** The one time that a token is seen whole. */
export const tokenMadeSchema = tokenSchema.extend({ token: z.string() });
export const tokensSchema = z.object({ now: instant, tokens: z.array(tokenSchema) });

export const certificateSchema = z.object({
  /** Hexadecimal, as openssl-x509(1) prints it. */
  serial: z.string(),
  node: nodeNameSchema,
  issuedAt: instant,
  endsAt: instant,
  state: z.enum(['good', 'revoked']),
  revokedAt: instant.optional(),
});
export const certificatesSchema = z.object({ now: instant, certificates: z.array(certificateSchema) });
/** What a revocation took: certificates, unused tokens of the node, open connections. */
export const revokedSchema = z.object({
  certificates: z.number(),
  tokens: z.number(),
  connections: z.number(),
});

/**
 * A command that control signed for one node. `epoch` only rises from one start of control to the next; an agent refuses a
 * lower one, a nonce that it has seen, and what is over by `notAfter`.
 */
export const signedCommandSchema = z.object({
  id: z.string().min(1).max(64),
  action: z.string().min(1).max(64),
  parameters: z.record(z.string().max(64), z.union([z.string().max(4096), z.number(), z.boolean()])),
  node: nodeNameSchema,
  epoch: z.number().int().nonnegative(),
  /** base64url of 16 random bytes. */
  nonce: z.string().length(22),
  notAfter: instant,
  /** Ed25519 over {@link commandText}, base64url. */
  signature: z.string().length(86),
});
export type SignedCommand = z.infer<typeof signedCommandSchema>;

/** What is signed: every field in one fixed order, parameters by name, so that both sides sign the same bytes. */
export function commandText(command: Omit<SignedCommand, 'signature'>): string {
  const { id, action, parameters, node, epoch, nonce, notAfter } = command;
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(['mailward-command-1', id, action, sorted, node, epoch, nonce, notAfter]);
}
