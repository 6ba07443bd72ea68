import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The release that runs, from the package's own manifest. */
export function readRelease(): string {
  const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}
