import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { controlUri, nodeUriOf, trustLimits } from '../../protocol/trust.ts';
import { writeDurably } from '../../runtime/durable-file.ts';
import { issueCertificate, makeAuthority, makeKey, publicHalf } from '../../runtime/x509.ts';

const authorityYears = 10;
const yearMs = 365 * 86_400_000;
/** For its owner alone. */
const secretMode = 0o600;

export type Authority = {
  /** PEM of every authority that is trusted; the first one signs. */
  readonly certificates: readonly string[];
  /** SHA-256 of the signing one (DER), base64url. */
  readonly fingerprint: string;
  readonly commandKey: KeyObject;
  /** The public half (SPKI, PEM). */
  readonly commandKeyPem: string;
  /** A client's certificate for one node, good from `now` (epoch ms) for `lifeMs`; `publicKey` is an SPKI. */
  readonly issueForNode: (wish: {
    readonly node: string;
    readonly publicKey: Buffer<ArrayBuffer>;
    readonly now: number;
    readonly lifeMs: number;
  }) => Promise<{ readonly pem: string; readonly serial: string; readonly endsAt: number }>;
  /** A new key and a server's certificate under `names` (host names and addresses). */
  readonly issueForControl: (wish: {
    readonly names: readonly string[];
    readonly now: number;
    readonly lifeMs: number;
  }) => Promise<{ readonly keyPem: string; readonly pem: string; readonly endsAt: number }>;
};

/**
 * Opens the authority in `folder`, or makes it: `authority.key` and `authority.crt`, `command.key`. The certificate file may hold
 * further authorities behind the one that signs; they are trusted too, which is how one follows another.
 * @throws AppError `missing` when there is a certificate without its key, `bad-config` when the two do not belong together.
 */
export async function openAuthority(folder: string, now: number): Promise<Authority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(folder, name);
  const bundle = await readIfThere(file('authority.crt'));
  const keyPem = await readIfThere(file('authority.key'));
  if (bundle !== undefined && keyPem === undefined)
    throw new AppError('missing', `The authority's key is not at ${file('authority.key')}`, {
      hint: `Restore it from a backup, or move ${folder} away: then every node joins anew`,
    });
  const authorityKeyPem = keyPem ?? (await writeSecret(file('authority.key'), makeKey()));
  const certificates = splitPem(bundle ?? (await writeNewAuthority(file('authority.crt'), authorityKeyPem, now)));
  const [authorityPem] = certificates;
  if (
    authorityPem === undefined ||
    !new X509Certificate(authorityPem).checkPrivateKey(createPrivateKey(authorityKeyPem))
  )
    throw new AppError(
      'bad-config',
      `The first certificate in ${file('authority.crt')} is not of ${file('authority.key')}`,
    );
  const authority = new X509Certificate(authorityPem);
  const authorityEndsAt = authority.validToDate.getTime();
  const commandKeyPem =
    (await readIfThere(file('command.key'))) ?? (await writeSecret(file('command.key'), makeCommandKey()));
  const commandKey = createPrivateKey(commandKeyPem);
  const issue = async (
    wish: Pick<Parameters<typeof issueCertificate>[0], 'publicKey' | 'commonName' | 'names' | 'usage'>,
    now: number,
    lifeMs: number,
  ) => {
    // Certificates carry whole seconds, and none outlives who signed it.
    const endsAt = Math.min(Math.ceil((now + lifeMs) / 1000) * 1000, authorityEndsAt);
    const from = now - trustLimits.clockSkewMs;
    return { ...(await issueCertificate({ ...wish, authorityPem, authorityKeyPem, from, until: endsAt })), endsAt };
  };
  return {
    certificates,
    fingerprint: createHash('sha256').update(authority.raw).digest('base64url'),
    commandKey,
    commandKeyPem: createPublicKey(commandKey).export({ type: 'spki', format: 'pem' }).toString(),
    issueForNode: ({ node, publicKey, now, lifeMs }) =>
      issue(
        { publicKey, commonName: node, names: [{ type: 'url', value: nodeUriOf(node) }], usage: 'client' },
        now,
        lifeMs,
      ),
    issueForControl: async ({ names, now, lifeMs }) => {
      const serverKeyPem = makeKey();
      const hostNames = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
      const issued = await issue(
        {
          publicKey: publicHalf(serverKeyPem),
          commonName: 'Mailward control',
          names: [{ type: 'url', value: controlUri }, ...hostNames],
          usage: 'server',
        },
        now,
        lifeMs,
      );
      return { keyPem: serverKeyPem, pem: `${issued.pem.trimEnd()}\n${authorityPem}`, endsAt: issued.endsAt };
    },
  };
}

async function writeNewAuthority(path: string, keyPem: string, now: number): Promise<string> {
  const from = now - trustLimits.clockSkewMs;
  const pem = await makeAuthority({ keyPem, name: 'Mailward authority', from, until: now + authorityYears * yearMs });
  await writeDurably(path, pem, 0o644);
  return pem;
}

async function writeSecret(path: string, text: string): Promise<string> {
  await writeDurably(path, text, secretMode);
  return text;
}

const makeCommandKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const splitPem = (bundle: string): string[] =>
  [...bundle.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(([pem]) => `${pem}\n`);
