// The keys that a lease group signs its datagrams with, from the file or from files of their own.
import { readFile } from 'node:fs/promises';
import { AppError } from '../../protocol/errors.ts';
import { type LeaseGroupConfig, leaseConfigLimits } from '../../protocol/lease-config.ts';

/** Throws `bad-config` for a key that cannot be read or is too short to be one. */
export async function readLeaseKey(
  group: string,
  key: LeaseGroupConfig['keys'][number],
): Promise<{ readonly id: number; readonly secret: Buffer }> {
  const { id, secret, secretFile } = key;
  const text = secret ?? (await readSecret(group, secretFile ?? ''));
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length < leaseConfigLimits.keyBytesMin)
    throw new AppError('bad-config', `Key ${id} of group ${group} has ${bytes.length} bytes`, {
      hint: `Give at least ${leaseConfigLimits.keyBytesMin} random bytes in base64: openssl rand -base64 32`,
    });
  return { id, secret: bytes };
}

async function readSecret(group: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('bad-config', `The key file ${file} of group ${group} cannot be read`, { cause });
  }
}
