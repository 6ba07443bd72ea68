/**
 * Teardown, registered the moment a resource exists and run in reverse. One deadline holds for all of it; what failed
 * or was late is returned by name, so that a process can say what it could not close.
 */
export type StopStack = {
  /**
   * Returns what removes the entry again, for resources that end earlier on their own. What is added while the stack stops
   * (a start that was interrupted goes on for a while) is stopped in its turn; once it has stopped, at once.
   */
  readonly add: (name: string, stop: () => void | Promise<void>) => () => void;
  /** Idempotent: later calls get the first call's promise. */
  readonly stop: () => Promise<StopReport>;
  /** Whether the stop has begun: what is still starting then need not say that it failed. */
  readonly isStopping: () => boolean;
};
export type StopReport = { readonly failed: ReadonlyArray<{ readonly name: string; readonly error: unknown }> };

export function createStopStack(options: { readonly deadlineMs: number }): StopStack {
  const entries: { name: string; stop: () => void | Promise<void> }[] = [];
  let running: Promise<StopReport> | undefined;
  let hasStopped = false;

  async function runAll(): Promise<StopReport> {
    const failed: { name: string; error: unknown }[] = [];
    const endsAt = performance.now() + options.deadlineMs;
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      try {
        await withDeadline(entry.stop(), Math.max(0, endsAt - performance.now()));
      } catch (error) {
        failed.push({ name: entry.name, error });
      }
    }
    hasStopped = true;
    return { failed };
  }

  return {
    add: (name, stop) => {
      const entry = { name, stop };
      entries.push(entry);
      if (hasStopped) void runAll();
      return () => {
        const at = entries.indexOf(entry);
        if (at >= 0) entries.splice(at, 1);
      };
    },
    stop: () => {
      running ??= runAll();
      return running;
    },
    isStopping: () => running !== undefined,
  };
}

async function withDeadline(work: void | Promise<void>, leftMs: number): Promise<void> {
  if (work === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not stopped within ${Math.round(leftMs)} ms`)), leftMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
