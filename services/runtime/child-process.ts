import { fork } from 'node:child_process';
import { AppError } from '../protocol/errors.ts';

/** Lines of a child's standard error that are kept for telling why it failed. */
const errorLinesMax = 20;

export type Child = {
  readonly name: string;
  readonly pid: number;
  /** What it announced with `announceReady`. */
  readonly url: string;
  /** Resolves when the process has ended, with the last lines it wrote to standard error. */
  readonly ended: Promise<{ readonly code: number | null; readonly lastLines: readonly string[] }>;
  /** SIGTERM, and SIGKILL after `killAfterMs`. Resolves when the process has ended. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts a Mailward process as a child that ends with its parent (the IPC channel closes) and waits until it serves.
 * Throws `unreachable` with the child's own words when it ends or stays silent instead.
 */
export async function startChild(options: {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly readyWithinMs: number;
  readonly killAfterMs: number;
}): Promise<Child> {
  const { name, script, args, readyWithinMs, killAfterMs } = options;
  const child = fork(script, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [], detached: true });
  const lastLines: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastLines.push(...text.split('\n').filter((line) => line !== ''));
    lastLines.splice(0, lastLines.length - errorLinesMax);
  });
  const ended = new Promise<{ code: number | null; lastLines: readonly string[] }>((resolve) => {
    child.once('error', (error) => {
      lastLines.push(error.message);
      resolve({ code: null, lastLines });
    });
    child.once('close', (code) => resolve({ code, lastLines }));
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(killer);
  };

  let timer: NodeJS.Timeout | undefined;
  const url = await new Promise<string | undefined>((resolve) => {
    child.on('message', (message) => {
      const ready = message as { ready?: unknown; url?: unknown };
      if (ready.ready === true) resolve(String(ready.url));
    });
    ended.then(() => resolve(undefined));
    timer = setTimeout(() => resolve(undefined), readyWithinMs);
  });
  clearTimeout(timer);
  if (url === undefined || child.pid === undefined) {
    await stop();
    throw new AppError('unreachable', `The process ${name} did not start: ${lastWords(lastLines)}`);
  }
  return { name, pid: child.pid, url, ended, stop };
}

/** The most telling of a process's last lines: the message of its last log record, or the last line as it is. */
export function lastWords(lines: readonly string[]): string {
  const last = lines.at(-1);
  if (last === undefined) return 'it said nothing';
  try {
    const record = JSON.parse(last) as { msg?: unknown };
    return typeof record.msg === 'string' ? record.msg : last;
  } catch {
    return last;
  }
}
