import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const main = join(import.meta.dirname, 'request-process.ts');
const bounds = { timeout: 30_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 } as const;

const keyAndRequestSchema = z.object({ key: z.string(), request: z.string() });
export type KeyAndRequest = z.infer<typeof keyAndRequestSchema>;

/**
 * A new P-256 key (PKCS #8, PEM) and a request for it (PKCS #10, PEM), made by a process that ends with it: the X.509 library
 * takes some thirty megabytes that an agent needs once in weeks, and that a thread would not give back. Rejects when that fails.
 */
export async function makeKeyAndRequest(node: string): Promise<KeyAndRequest> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, node], bounds);
  return keyAndRequestSchema.parse(JSON.parse(stdout));
}
