import { createHash, randomBytes, sign, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import {
  type certificateSchema,
  commandText,
  type Issued,
  type joinRequestSchema,
  joinTokenOf,
  type SignedCommand,
  type tokenMadeSchema,
  type tokenSchema,
  type tokenWishSchema,
  trustLimits,
} from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import { writeDurably } from '../../runtime/durable-file.ts';
import { readRequest } from '../../runtime/x509.ts';
import { createAttemptCounter } from './attempts.ts';
import { openAuthority } from './authority.ts';
import {
  addToken,
  type CertificateEntry,
  isGood,
  pruneLedger,
  recordCertificate,
  recordJoin,
  requireCertificate,
  requireToken,
  revokeCertificates,
  revokeTokens,
} from './ledger.ts';
import { openLedger } from './ledger-file.ts';
import { createPeerConnections, type Peer } from './peers.ts';
import type { TrustEvents } from './trust-events.ts';

/** A certificate is renewed when this much of its life has passed. */
const renewAfter = 2 / 3;
/** How often control looks at its own certificate, at most, and closes connections whose certificate is over. */
const lookEveryMs = 60_000;
const sweepEveryMs = 1000;
const handshakeMs = 10_000;
const operatorSecretBytes = 32;
/** As long as that many bytes are in base64url. */
const operatorSecretLengthMin = 43;

export type Trust = Awaited<ReturnType<typeof createTrust>>;
export type Revoked = { readonly certificates: number; readonly tokens: number; readonly connections: number };

/**
 * Control's side of trust, with all that it keeps in `<dataDir>/trust`: the authority's key, the key of commands, the secret of
 * the local operator, and the ledger of tokens and certificates. `names` are host names and addresses of control.
 */
export async function createTrust(
  config: { readonly dataDir: string; readonly names: readonly string[]; readonly certificateMs: number },
  deps: { readonly clock: Clock; readonly events: TrustEvents },
) {
  const { clock, events } = deps;
  const { names, certificateMs } = config;
  const folder = join(config.dataDir, 'trust');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The ledger is written before the authority is made, so that an authority without one has lost it.
  const ledger = await openLedger(join(folder, 'ledger.json'), {
    mayBegin: !existsSync(join(folder, 'authority.crt')),
  });
  // A clock that was set back, or a backup that was played in, must not bring back an epoch that agents have left behind.
  const epoch = await ledger.change((before) => {
    const next = Math.max(before.epoch + 1, clock.now());
    return { ledger: { ...pruneLedger(before, clock.now()), epoch: next }, value: next };
  });
  const authority = await openAuthority(folder, clock.now());
  const operatorHash = sha256(await openOperatorSecret(folder));
  const mayTry = createAttemptCounter({
    perMinuteMax: trustLimits.joinAttemptsPerMinuteMax,
    addressesMax: trustLimits.joinAddressesMax,
  });
  const connections = createPeerConnections();

  function dropRevoked(): number {
    const revoked = new Set(
      ledger.read().certificates.flatMap(({ serial, revokedAt }) => (revokedAt === undefined ? [] : [serial])),
    );
    return connections.destroyWhere(({ serial }) => revoked.has(serial));
  }

  /** The node of an agent's connection. Throws what is wrong with its certificate. */
  function peerOf(socket: Socket): Peer {
    const peer = connections.peerOf(socket);
    requireCertificate(ledger.read(), peer, clock.now());
    return peer;
  }

  async function issue(
    node: string,
    request: string,
    record: (entry: CertificateEntry, now: number) => Promise<void>,
  ): Promise<{ issued: Issued; serial: string }> {
    const publicKey = await readRequest(request);
    if (publicKey === undefined)
      throw new AppError(
        'bad-request',
        'The certificate request does not hold: it must be PKCS #10 for a P-256 key, signed by it',
      );
    const now = clock.now();
    const { pem, serial, endsAt } = await authority.issueForNode({ node, publicKey, now, lifeMs: certificateMs });
    await record({ serial, node, issuedAt: now, endsAt }, now);
    const { certificates: authorities, commandKeyPem: commandKey } = authority;
    return {
      issued: { node, certificate: pem, authorities: [...authorities], commandKey, lifeMs: endsAt - now },
      serial,
    };
  }

  let server = await issueServer();
  let onServer = (_context: SecureContextOptions): void => {};
  async function issueServer() {
    const now = clock.now();
    const { keyPem: key, pem: cert, endsAt } = await authority.issueForControl({ names, now, lifeMs: certificateMs });
    events.serverCertificateIssued(endsAt);
    return { context: { key, cert, ca: [...authority.certificates] }, renewAt: now + (endsAt - now) * renewAfter };
  }
  const stopLooking = clock.every(Math.min(lookEveryMs, certificateMs / 10), () => {
    if (clock.now() < server.renewAt) return;
    issueServer().then((fresh) => {
      server = fresh;
      onServer(fresh.context);
    }, events.serverCertificateFailed);
  });
  const stopSweeping = clock.every(sweepEveryMs, () => {
    const now = clock.now();
    connections.destroyWhere(({ endsAt }) => endsAt <= now);
  });

  return {
    certificates: authority.certificates,
    names,
    /** For the server that agents and browsers share: a certificate is asked for, and only agents' routes insist on it. */
    tlsOptions: (): TlsOptions => ({
      ...server.context,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      handshakeTimeout: handshakeMs,
    }),
    /** `use` is given control's next certificate; connections that stand keep the one they began with. */
    followServerCertificate: (use: (context: SecureContextOptions) => void): void => {
      onServer = use;
    },
    peerOf,

    join: async (wish: z.infer<typeof joinRequestSchema>, address: string): Promise<Issued> => {
      try {
        if (!mayTry(address, clock.now()))
          throw new AppError(
            'too-many-attempts',
            `More than ${trustLimits.joinAttemptsPerMinuteMax} attempts to join came from ${address} within a minute`,
            {
              hint: 'Try again in a minute',
            },
          );
        const hash = sha256(wish.secret).toString('base64url');
        requireToken(ledger.read(), hash, wish.node, clock.now());
        const { issued, serial } = await issue(wish.node, wish.request, (entry, now) =>
          ledger.change((before) => ({ ledger: recordJoin(before, hash, entry, now), value: undefined })),
        );
        dropRevoked();
        events.certificateIssued('join', wish.node, serial, address);
        return issued;
      } catch (error) {
        events.refused(error, { node: wish.node, address });
        throw error;
      }
    },

    renew: async (socket: Socket, request: string): Promise<Issued> => {
      const address = socket.remoteAddress;
      try {
        const peer = peerOf(socket);
        const { node } = peer;
        const { issued, serial } = await issue(node, request, (entry, now) =>
          ledger.change((before) => {
            // Once more, where changes are made one after another: it may have been revoked since.
            requireCertificate(before, peer, now);
            return { ledger: recordCertificate(before, entry, now), value: undefined };
          }),
        );
        events.certificateIssued('renewal', node, serial, address);
        return issued;
      } catch (error) {
        events.refused(error, { address });
        throw error;
      }
    },

    /** Whether `secret` is the one in the trust folder, which only who may read control's files knows. */
    isOperator: (secret: string): boolean => secret !== '' && timingSafeEqual(sha256(secret), operatorHash),

    makeToken: async ({ node, lifeMs }: z.infer<typeof tokenWishSchema>): Promise<z.infer<typeof tokenMadeSchema>> => {
      const secret = randomBytes(32).toString('base64url');
      const hash = sha256(secret);
      const now = clock.now();
      const shown = {
        id: hash.toString('hex').slice(0, 12),
        ...(node === undefined ? {} : { node }),
        createdAt: now,
        endsAt: now + lifeMs,
      };
      const entry = { ...shown, hash: hash.toString('base64url') };
      await ledger.change((before) => ({ ledger: addToken(before, entry, now), value: undefined }));
      events.tokenMade(shown.id, node, shown.endsAt);
      return { ...shown, token: joinTokenOf(secret, authority.fingerprint) };
    },
    listTokens: (): z.infer<typeof tokenSchema>[] =>
      pruneLedger(ledger.read(), clock.now())
        .tokens.filter(({ usedAt }) => usedAt === undefined)
        .map(({ hash: _, usedAt: __, ...shown }) => shown),
    listCertificates: (): z.infer<typeof certificateSchema>[] => {
      const now = clock.now();
      return pruneLedger(ledger.read(), now).certificates.map(
        (entry) => ({ ...entry, state: isGood(entry, now) ? 'good' : 'revoked' }) as const,
      );
    },

    /** Takes back what `isMeant` names, durable when it resolves, and closes the connections that stood on it. */
    revoke: async (meant: {
      readonly node?: string;
      readonly serial?: string;
      readonly tokenId?: string;
    }): Promise<Revoked> => {
      const { node, serial, tokenId } = meant;
      const { serials, tokens } = await ledger.change((before) => {
        const certificates = revokeCertificates(
          before,
          (entry) => entry.serial === serial || entry.node === node,
          clock.now(),
        );
        const open = revokeTokens(
          certificates.ledger,
          (entry) => entry.id === tokenId || (node !== undefined && entry.node === node),
        );
        return { ledger: open.ledger, value: { serials: certificates.serials, tokens: open.count } };
      });
      const closed = dropRevoked();
      events.revoked({ ...(node === undefined ? {} : { node }), serials, tokens, connections: closed });
      return { certificates: serials.length, tokens, connections: closed };
    },

    /** Completes and signs a command: this start's epoch, a fresh nonce, and an end within the longest life. */
    signCommand: (
      wish: Pick<SignedCommand, 'id' | 'action' | 'parameters' | 'node'> & { readonly lifeMs: number },
    ): SignedCommand => {
      const { lifeMs, ...named } = wish;
      const notAfter = clock.now() + Math.min(lifeMs, trustLimits.commandLifeMsMax);
      const command = { ...named, epoch, nonce: randomBytes(16).toString('base64url'), notAfter };
      const signature = sign(null, Buffer.from(commandText(command)), authority.commandKey).toString('base64url');
      return { ...command, signature };
    },
    stop: () => {
      stopLooking();
      stopSweeping();
    },
  };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** @throws AppError `bad-config` for a secret that could be guessed, such as that of a file that was cut off. */
async function openOperatorSecret(folder: string): Promise<string> {
  const file = join(folder, 'operator.secret');
  const held = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (held === undefined) {
    const secret = randomBytes(operatorSecretBytes).toString('base64url');
    await writeDurably(file, `${secret}\n`, 0o600);
    return secret;
  }
  const secret = held.trim();
  if (secret.length >= operatorSecretLengthMin) return secret;
  throw new AppError(
    'bad-config',
    `The secret in ${file} has ${secret.length} characters; at least ${operatorSecretLengthMin} are needed`,
    { hint: 'Remove the file: control makes a new one when it starts' },
  );
}
