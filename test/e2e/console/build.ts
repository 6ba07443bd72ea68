import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const buildScript = resolve(import.meta.dirname, '../../../services/console/build.ts');

/** Builds the console when its sources are newer than the last build. */
export async function buildConsole(): Promise<void> {
  await promisify(execFile)(process.execPath, [buildScript]);
}
