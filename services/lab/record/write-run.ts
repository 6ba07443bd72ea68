import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { labRunFile, labRunSchema } from '../../protocol/lab-run.ts';

/** Whether a run that counts is there; throws what is wrong with a manifest that is not valid. */
export function isRecorded(folder: string): boolean {
  const file = join(folder, labRunFile);
  return existsSync(file) && labRunSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).counts;
}

/**
 * Whole or not at all: the folder gets its name when everything is in it. A run that was there is replaced; throws
 * `bad-request` where something else is.
 */
export function writeRun(folder: string, files: readonly { readonly path: string; readonly text: string }[]): void {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  for (const { path, text } of files) {
    mkdirSync(dirname(join(part, path)), { recursive: true });
    writeFileSync(join(part, path), text);
  }
  if (existsSync(folder)) {
    if (!existsSync(join(folder, labRunFile)))
      throw new AppError('bad-request', `${folder} is there and is no run of the lab`, { hint: 'Name another --out' });
    rmSync(folder, { recursive: true });
  }
  renameSync(part, folder);
}
