import { AppError } from '../protocol/errors.ts';
import type { Logger } from './log.ts';
import type { StopStack } from './stop-stack.ts';

/** Exit status of every Mailward command. */
export const exitStatus = { done: 0, no: 1, usage: 2, unreachable: 3 } as const;

/**
 * The life of a long-running process: start, wait for SIGTERM, SIGINT or SIGHUP (or the parent's end of an IPC channel), stop
 * in order. A second signal ends at once. Exit status is set, never forced, except by the watchdog after the stop deadline.
 * `start` is given `fail`, for a fault that the process cannot outlive: it stops in order with a failing status, so that
 * whoever supervises it starts it anew.
 */
export async function runProcess(options: {
  readonly log: Logger;
  readonly stack: StopStack;
  readonly start: (fail: (error: unknown) => void) => Promise<void>;
  readonly watchdogMs: number;
  /** A start that is under way when the end is asked for is waited for this long: half a start is hard to take back. */
  readonly startMs?: number;
}): Promise<void> {
  const { log, stack, start, watchdogMs, startMs = 0 } = options;
  let stopping = false;
  let starting: Promise<void> = Promise.resolve();
  const stop = async (why: string) => {
    if (stopping) {
      log.warn({ why }, 'ended at once by a second signal');
      process.exit(exitStatus.no);
    }
    stopping = true;
    setTimeout(() => {
      log.error('not everything stopped in time');
      process.exit(exitStatus.no);
    }, watchdogMs).unref();
    log.info({ why }, 'stopping');
    if (startMs > 0) await settled(starting, startMs);
    const { failed } = await stack.stop();
    for (const { name, error } of failed) log.error({ resource: name, err: error }, 'could not be stopped');
    if (failed.length > 0) process.exitCode = exitStatus.no;
    // Listening for its end keeps the channel to the parent open, and an open channel keeps the process.
    process.channel?.unref();
  };
  const fail = (error: unknown) => {
    process.exitCode = exitStatus.no;
    if (stopping) return;
    log.fatal({ err: error }, describeError(error));
    void stop('a fault that cannot be outlived');
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop(signal));
  if (process.connected !== undefined) process.on('disconnect', () => void stop('the parent process ended'));
  // Nobody tells a second time of a parent that ended while this process was still loading.
  if (process.connected === false) return;
  try {
    starting = start(fail);
    await starting;
  } catch (error) {
    // The end that was asked for came while it was starting: what it could not start then is no failure.
    if (stopping) return;
    // An expected failure says all there is to say; a bug needs its stack.
    log.fatal(error instanceof AppError ? { code: error.code } : { err: error }, describeError(error));
    process.exitCode = exitStatus.unreachable;
    await stack.stop();
    process.channel?.unref();
  }
}

/** Resolves when `work` has ended, well or not, or after `withinMs`. */
async function settled(work: Promise<void>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}

/** What happened and what to do, for a person. */
export function describeError(error: unknown): string {
  if (error instanceof AppError)
    return error.hint === undefined ? error.message : `${error.message.replace(/\.$/, '')}. ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}
