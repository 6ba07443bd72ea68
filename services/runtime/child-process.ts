import { fork } from 'node:child_process';
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import type { StopStack } from './stop-stack.ts';

/** What a child says with `announceReady`. */
const readySchema = z.object({ ready: z.literal(true), url: z.url() });

/** Lines of a child's standard error that are kept for telling why it failed. */
const errorLinesMax = 20;
/** Characters of one of these lines. */
const errorLineCharsMax = 8 * 1024;

/** How a child ended; `wasAsked` when its `stop` was called. */
export type ChildEnd = {
  readonly code: number | null;
  readonly lastLines: readonly string[];
  readonly wasAsked: boolean;
};

export type Child = {
  readonly name: string;
  readonly pid: number;
  /** What it announced with `announceReady`. */
  readonly url: string;
  /** Resolves when the process has ended, with the last lines it wrote to standard error. */
  readonly ended: Promise<ChildEnd>;
};

/**
 * Starts a Mailward process as a child that ends with its parent (the IPC channel closes) and waits until it serves. From its
 * first moment its stop stands on `stack`: SIGTERM, and SIGKILL after `killAfterMs`.
 * Throws `unreachable` with the child's own words when it ends or stays silent instead.
 */
export async function startChild(options: {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly readyWithinMs: number;
  readonly killAfterMs: number;
  readonly stack: StopStack;
}): Promise<Child> {
  const { name, script, args, readyWithinMs, killAfterMs, stack } = options;
  const child = fork(script, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [], detached: true });
  const lastLines: string[] = [];
  let unended = '';
  const keep = (lines: readonly string[]) => {
    lastLines.push(...lines.filter((line) => line !== '').map((line) => line.slice(0, errorLineCharsMax)));
    lastLines.splice(0, lastLines.length - errorLinesMax);
  };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (unended + text).split('\n');
    unended = (lines.pop() ?? '').slice(0, errorLineCharsMax);
    keep(lines);
  });
  let wasAsked = false;
  const ended = new Promise<ChildEnd>((resolve) => {
    const end = (code: number | null, lastLine: string) => {
      keep([lastLine]);
      resolve({ code, lastLines, wasAsked });
    };
    child.once('error', (error) => end(null, error.message));
    child.once('close', (code) => end(code, unended));
  });
  const stop = async () => {
    wasAsked = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(killer);
  };
  const remove = stack.add(name, stop);

  let timer: NodeJS.Timeout | undefined;
  const url = await new Promise<string | undefined>((resolve) => {
    child.on('message', (message) => {
      const ready = readySchema.safeParse(message);
      if (ready.success) resolve(ready.data.url);
    });
    ended.then(() => resolve(undefined));
    timer = setTimeout(() => resolve(undefined), readyWithinMs);
  });
  clearTimeout(timer);
  if (url === undefined || child.pid === undefined || wasAsked) {
    await stop();
    remove();
    throw new AppError('unreachable', `The process ${name} did not start: ${lastWords(lastLines)}`);
  }
  return { name, pid: child.pid, url, ended };
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
