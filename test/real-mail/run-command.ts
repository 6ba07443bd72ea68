import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const commandWithinMs = 30_000;
const wordsCharsMax = 4000;

/**
 * Runs a command to its end; throws with what it said when it fails. Its output goes to a file and not to a pipe: a daemon
 * that it leaves behind would hold a pipe open, and the wait would be for the daemon.
 */
export async function runCommand(command: string, args: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-command-'));
  const file = join(folder, 'output');
  const output = openSync(file, 'w');
  try {
    const child = spawn(command, args, { stdio: ['ignore', output, output], timeout: commandWithinMs });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    if (code === 0) return;
    const said = readFileSync(file, 'utf8').slice(-wordsCharsMax);
    throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${said}`);
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  }
}
