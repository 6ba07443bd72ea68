// A lasting `nft -e -i`: one line at a time to the kernel, each a transaction of its own, each acknowledged. With -e it prints the
// new generation after a line that was taken, and repeats a line that was refused (nft(8)).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** Without a word about a line for this long, the child is ended and a new one started: it may have been stopped. */
const answerWithinMs = 400;
const outputCharsMax = 64 * 1024;

export type NftChild = {
  /**
   * Called once: true when the kernel took the line. False: it refused it, or the child that was to write it is gone, so that
   * nothing of the line can happen any more.
   */
  readonly write: (line: string, done: (isDone: boolean) => void) => void;
  /** The running child; 0: none. */
  readonly pid: () => number;
  readonly stop: () => Promise<void>;
};

/** Starts at once, and anew with the next line after it ended. Lines are given one at a time. */
export function createNftChild(deps: {
  readonly after: (delayMs: number, task: () => void) => () => void;
  readonly onFault: (what: string, error?: unknown) => void;
}): NftChild {
  let child: ChildProcessWithoutNullStreams | undefined;
  let underWay: { readonly line: string; readonly done: (isDone: boolean) => void } | undefined;
  let cancelWait: (() => void) | undefined;
  let isStopped = false;

  function finish(isDone: boolean): void {
    const finished = underWay;
    underWay = undefined;
    cancelWait?.();
    cancelWait = undefined;
    finished?.done(isDone);
  }

  function start(): ChildProcessWithoutNullStreams {
    // A process group of its own: what a terminal sends to ours is not meant for it.
    const started = spawn('nft', ['-e', '-i'], { detached: true });
    let output = '';
    let errors = '';
    const end = (error?: unknown) => {
      if (child !== started) return;
      child = undefined;
      if (!isStopped) deps.onFault('the nft child has ended; a new one is started with the next line', error);
      finish(false);
    };
    started.stdout.setEncoding('latin1').on('data', (text: string) => {
      output = (output + text).slice(-outputCharsMax);
      if (!output.includes('# new generation')) return;
      output = '';
      errors = '';
      if (child === started) finish(true);
    });
    started.stderr.setEncoding('latin1').on('data', (text: string) => {
      errors = (errors + text).slice(-outputCharsMax);
      if (child !== started || underWay === undefined || !errors.includes(`${underWay.line}\n`)) return;
      errors = '';
      finish(false);
    });
    // Writing to a child that has just ended is told by `close`.
    started.stdin.on('error', () => {});
    started.once('error', end);
    started.once('close', () => end());
    return started;
  }

  function write(line: string, done: (isDone: boolean) => void): void {
    if (underWay !== undefined) throw new Error('a line is under way already');
    underWay = { line, done };
    child ??= start();
    const writer = child;
    cancelWait = deps.after(answerWithinMs, () => writer.kill('SIGKILL'));
    writer.stdin.write(`${line}\n`);
  }

  child = start();
  return {
    write,
    pid: () => child?.pid ?? 0,
    stop: async () => {
      isStopped = true;
      const last = child;
      if (last === undefined) return;
      const ended = new Promise<void>((resolve) => last.once('close', () => resolve()));
      last.stdin.end();
      const cancel = deps.after(answerWithinMs, () => last.kill('SIGKILL'));
      await ended;
      cancel();
    },
  };
}
