// A lasting `nft -i`: one line at a time to the kernel, each a transaction of its own, each acknowledged. It says nothing of a line
// that was taken and `Error` of one that was refused (nft(8)); so after each it is told to describe something, which it does without
// the kernel, and what came before that is about the line. With `-e` it would tell of each line itself, and read the whole ruleset
// for that: seconds, with a foreign set of 200,000 elements.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A child that owes a first line is started anew after this; not at once, because it may end at once again. */
const startAgainMs = 20;
/** Lines that wait for the one under way: one of the lease's, and those that a closing brings along. */
export const linesWaitingMax = 8;
/** Without a word about a line for this long, the child is ended and a new one started: it may have been stopped. */
const answerWithinMs = 400;
const outputCharsMax = 64 * 1024;
/** `Error: …`, or with its place before it (nft(8)); a name within the line may hold the word. */
const refusal = /^Error|: Error:/m;
const endOfLine = { command: 'describe meta mark', said: 'datatype mark' };

export type NftChild = {
  /**
   * `text` is asked for when the line is written; undefined: it is not wanted any more. `done` is called once: true when the kernel
   * took the line. False: it refused it, or the child that was to write it is gone, so that nothing of the line can happen any more.
   */
  readonly write: (text: () => string | undefined, done: (isDone: boolean) => void) => void;
  /** The running child; 0: none. */
  readonly pid: () => number;
  readonly stop: () => Promise<void>;
};

/** Starts at once, and anew with the next line after it ended. Throws when more lines wait than may. */
export function createNftChild(deps: {
  readonly after: (delayMs: number, task: () => void) => () => void;
  /** What each new child writes before anything else, and whether the kernel took it; none: undefined. */
  readonly first: { readonly text: () => string | undefined; readonly done: (isDone: boolean) => void };
  /** The child has ended, and with it what belonged to it. */
  readonly onEnd: () => void;
  readonly onFault: (what: string, error?: unknown) => void;
}): NftChild {
  let child: ChildProcessWithoutNullStreams | undefined;
  let underWay: { readonly line: string; readonly done: (isDone: boolean) => void } | undefined;
  let cancelWait: (() => void) | undefined;
  let waiting: (typeof deps.first)[] = [];
  let isStopped = false;

  function finish(isDone: boolean): void {
    const finished = underWay;
    underWay = undefined;
    cancelWait?.();
    cancelWait = undefined;
    finished?.done(isDone);
    next();
  }
  function next(): void {
    if (underWay !== undefined) return;
    const wanted = waiting.shift();
    if (wanted === undefined) return;
    const line = wanted.text();
    if (line === undefined) {
      wanted.done(false);
      next();
      return;
    }
    underWay = { line, done: wanted.done };
    child ??= start();
    const writer = child;
    cancelWait = deps.after(answerWithinMs, () => writer.kill('SIGKILL'));
    writer.stdin.write(`${line}\n${endOfLine.command}\n`);
  }

  function start(): ChildProcessWithoutNullStreams {
    // A process group of its own: what a terminal sends to ours is not meant for it.
    // It ends with us even when it is stopped: an orphan would keep what belongs to it.
    // Errors and answers come through one pipe, so that their order is kept.
    const words = ['--pdeathsig', 'KILL', 'sh', '-c', 'exec nft -i 2>&1'];
    const started = spawn('setpriv', words, { detached: true });
    let output = '';
    const end = (error?: unknown) => {
      if (child !== started) return;
      child = undefined;
      if (!isStopped) deps.onFault('the nft child has ended; a new one is started with the next line', error);
      deps.onEnd();
      const lost = waiting;
      waiting = [];
      for (const line of lost) line.done(false);
      finish(false);
      if (child === undefined && deps.first.text() !== undefined) deps.after(startAgainMs, ensure);
    };
    started.stdout.setEncoding('latin1').on('data', (text: string) => {
      output = (output + text).slice(-outputCharsMax);
      if (!output.includes(endOfLine.said)) return;
      const isDone = !refusal.test(output);
      output = '';
      if (child === started) finish(isDone);
    });
    started.stderr.resume();
    // Writing to a child that has just ended is told by `close`.
    started.stdin.on('error', () => {});
    started.once('error', end);
    started.once('close', () => end());
    return started;
  }

  /** A new child's first line goes before all that wait. */
  function ensure(): void {
    if (child !== undefined || isStopped) return;
    if (deps.first.text() !== undefined) waiting.unshift(deps.first);
    child = start();
    next();
  }
  function write(text: () => string | undefined, done: (isDone: boolean) => void): void {
    if (waiting.length >= linesWaitingMax) throw new Error('more lines wait than the guard ever writes at once');
    waiting.push({ text, done });
    ensure();
    next();
  }

  ensure();
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
