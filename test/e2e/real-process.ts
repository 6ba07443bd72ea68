// Starts a Mailward process as a user would, and reads its one line of readiness.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const readyWithinMs = 20_000;
const compileCache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'mailward');

export type RealProcess = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly stderr: () => string;
  /** Resolves with the exit status, `null` when a signal ended it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
};

const running = new Set<ChildProcess>();

/** Starts `services/<name>/main.ts` and waits until it serves; throws with its stderr when it ends instead. */
export async function startProcess(name: 'agent' | 'control', flags: readonly string[]): Promise<RealProcess> {
  const main = join(import.meta.dirname, '..', '..', 'services', name, 'main.ts');
  // As `mailward` gives it to the processes that it starts.
  const env = { NODE_COMPILE_CACHE: compileCache, MALLOC_MMAP_THRESHOLD_: '262144', ...process.env };
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-100_000);
  });
  const line = await new Promise<string>((resolve, reject) => {
    let stdout = '';
    const fail = (why: string) => reject(new Error(`${name} ${why}: ${stderr}`));
    const late = setTimeout(() => fail('was not ready in time'), readyWithinMs);
    child.once('close', (status) => fail(`ended with status ${status}`));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!stdout.includes('\n')) return;
      clearTimeout(late);
      resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
  });
  const { ready, url } = JSON.parse(line) as { ready: boolean; url: string };
  if (!ready || child.pid === undefined) throw new Error(`${name} said ${line}`);
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    stderr: () => stderr,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
      return child.exitCode;
    },
  };
}

/** Ends what a failed test left behind. */
export async function endAll(): Promise<void> {
  const exits = [...running].map((child) => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    return exit;
  });
  await Promise.all(exits);
}
