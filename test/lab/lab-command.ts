import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { findMissing } from '../../services/lab/requirements.ts';

const project = resolve(import.meta.dirname, '../..');
const cli = join(project, 'services/cli/main.ts');
const commandMs = 180_000;
const outputBytesMax = 16 * 1024 * 1024;

export type Answer = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** `mailward lab …` to its end. */
export function runLab(...args: readonly string[]): Promise<Answer> {
  return new Promise((done) => {
    const options = { cwd: project, timeout: commandMs, maxBuffer: outputBytesMax };
    execFile(process.execPath, [cli, 'lab', ...args], options, (error, stdout, stderr) => {
      const code = error?.code;
      done({ status: typeof code === 'number' ? code : error === null ? 0 : 128, stdout, stderr });
    });
  });
}

/** The same, left running. */
export function startLab(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [cli, 'lab', ...args], { cwd: project, stdio: 'ignore' });
}

/**
 * Why the tests of the lab cannot run here, or `undefined` when they can. In CI nothing may be missing, so there this is an
 * error instead.
 */
export async function whyNoLab(): Promise<string | undefined> {
  const missing = await findMissing();
  if (missing.length === 0) return undefined;
  const why = `The lab cannot run here. ${missing.join(' ')}`;
  if (process.env.CI === 'true') throw new Error(why);
  process.stderr.write(`skipped: ${why}\n`);
  return why;
}
