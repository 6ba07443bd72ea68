import { AppError } from '../protocol/errors.ts';
import type { Logger } from './log.ts';
import type { StopStack } from './stop-stack.ts';

/** Exit status of every Mailward command. */
export const exitStatus = { done: 0, no: 1, usage: 2, unreachable: 3 } as const;

/**
 * The life of a long-running process: start, wait for SIGTERM or SIGINT (or the parent's end of an IPC channel), stop in
 * order. A second signal ends at once. Exit status is set, never forced, except by the watchdog after the stop deadline.
 */
export async function runProcess(options: {
  readonly log: Logger;
  readonly stack: StopStack;
  readonly start: () => Promise<void>;
  readonly watchdogMs: number;
}): Promise<void> {
  const { log, stack, start, watchdogMs } = options;
  let stopping = false;
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
    const { failed } = await stack.stop();
    for (const { name, error } of failed) log.error({ resource: name, err: error }, 'could not be stopped');
    if (failed.length > 0) process.exitCode = exitStatus.no;
    // Listening for its end keeps the channel to the parent open, and an open channel keeps the process.
    process.channel?.unref();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
  if (process.channel !== undefined) process.on('disconnect', () => void stop('the parent process ended'));
  try {
    await start();
  } catch (error) {
    log.fatal({ err: error }, describeError(error));
    process.exitCode = exitStatus.unreachable;
    await stack.stop();
    process.channel?.unref();
  }
}

/** What happened and what to do, for a person. */
export function describeError(error: unknown): string {
  if (error instanceof AppError) return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}
