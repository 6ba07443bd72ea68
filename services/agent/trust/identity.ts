import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { lchown, lstat, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PeerCertificate } from 'node:tls';
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { controlUri, type Issued, nodeNameSchema, readUri } from '../../protocol/trust.ts';
import { writeDurably } from '../../runtime/durable-file.ts';

/** A certificate is renewed when this much of its life has passed. */
const renewAfter = 2 / 3;

/** All that a node got when it joined, and its key, in one file: the two always belong together. */
const identitySchema = z.object({
  version: z.literal(1),
  node: nodeNameSchema,
  control: z.url(),
  /** P-256, PKCS #8; made here, and nowhere else. */
  key: z.string(),
  certificate: z.string(),
  authorities: z.array(z.string()).min(1),
  commandKey: z.string(),
  /** By this node's clock (epoch ms): when to renew, and when it is over. */
  renewAt: z.number(),
  endsAt: z.number(),
});
export type Identity = z.infer<typeof identitySchema>;

const identityFile = (dataDir: string): string => join(dataDir, 'trust', 'identity.json');

/** What control issued, dated by our own clock: the two clocks need not agree. */
export function identityOf(control: string, key: string, issued: Issued, now: number): Identity {
  const { node, certificate, authorities, commandKey, lifeMs } = issued;
  const times = { renewAt: now + lifeMs * renewAfter, endsAt: now + lifeMs };
  return { version: 1, node, control, key, certificate, authorities, commandKey, ...times };
}

/**
 * `undefined` when the node has not joined.
 * @throws AppError `bad-config` when there is an identity that cannot be read.
 */
export async function readIdentity(dataDir: string): Promise<Identity | undefined> {
  const file = identityFile(dataDir);
  try {
    return identitySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('bad-config', `${file} cannot be read as the identity of a node`, {
      hint: 'Run as the user who owns it, or join anew with `mailward join`',
      cause,
    });
  }
}

/**
 * Durable, and for its owner alone. Root writes it for whoever owns the data folder, as whom the agent then runs, and follows
 * no link that the owner may have put there.
 * @throws AppError `bad-config` when the trust folder is a link or no folder.
 */
export async function writeIdentity(dataDir: string, identity: Identity): Promise<void> {
  const folder = join(dataDir, 'trust');
  await mkdir(dataDir, { recursive: true, mode: 0o750 });
  await mkdir(folder, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!(await lstat(folder)).isDirectory())
    throw new AppError('bad-config', `${folder} is not a folder of its own, and no key is written there`, {
      hint: 'Take the link or file away; the data folder itself may be elsewhere with --data-dir',
    });
  const owner = process.getuid?.() === 0 ? await stat(dataDir) : undefined;
  if (owner !== undefined) await lchown(folder, owner.uid, owner.gid);
  await writeDurably(identityFile(dataDir), `${JSON.stringify(identity, undefined, 2)}\n`, 0o600, owner);
}

/** For node:tls and all that stands on it: who we are, and that only control may answer. */
export type Credentials = {
  readonly ca: string[];
  readonly cert: string;
  readonly key: string;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
};
export const credentialsOf = ({ authorities, certificate, key }: Identity): Credentials => ({
  ...{ ca: authorities, cert: certificate, key },
  checkServerIdentity: mustBeControl,
});

/** By its role in the certificate and not by a host's name, so that control may be reached over any address. */
export function mustBeControl(host: string, certificate: PeerCertificate): Error | undefined {
  if (readUri(certificate.subjectaltname) === controlUri) return undefined;
  return new AppError('certificate-refused', `${host} answers with a certificate that is not control's`);
}

export const commandKeyOf = (identity: Identity): KeyObject => createPublicKey(identity.commandKey);
