import { fork } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';

/**
 * Runs `services/<name>/main.ts` in our place: its output is ours, our signals are its, and its exit status becomes ours.
 * It stands in its own process group, so that Ctrl-C in a terminal reaches it once, through us, and it holds an IPC
 * channel, so that it ends when we do.
 */
export async function runInPlace(
  name: 'agent' | 'control' | 'lease',
  flags: readonly string[],
  stdin: 'ignore' | 'inherit' = 'ignore',
): Promise<void> {
  const main = join(import.meta.dirname, '..', name, 'main.ts');
  const child = fork(main, flags, { execArgv: [], detached: true, stdio: [stdin, 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void child.kill(signal));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // As a shell says it: 128 and the signal's number.
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
