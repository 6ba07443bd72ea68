import { recordBytesMax } from '../spool/record.ts';
import type { Spool } from '../spool/spool.ts';

/** Lines that wait for the disk, all senders together. */
export const pendingBytesMax = 4 * 1024 * 1024;

export type Intake = {
  /** Takes a line, or refuses it because too many wait. */
  readonly offer: (line: Buffer) => boolean;
  /** Whether those who can wait should. */
  readonly isFull: () => boolean;
  /** Calls back, once, when there is room. */
  readonly whenRoom: (resume: () => void) => void;
  readonly stop: () => Promise<void>;
};

/** After the spool was full it is tried again this much later. */
const retryMs = 200;

/** Gathers lines into one write a time, so that an fsync serves everybody who sent something meanwhile. */
export function createIntake(
  spool: Spool,
  deps: {
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly onKept: () => void;
    readonly onFull: () => void;
    readonly onFault: (error: unknown) => void;
  },
): Intake {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let writing: Promise<void> | undefined;
  let waiting: (() => void)[] = [];
  let cancelRetry: (() => void) | undefined;
  let isStopped = false;

  /** One write: as many lines as fit, or what waits stays where it is. */
  async function writeSome(): Promise<'kept' | 'full'> {
    let [count, bytes] = [0, 0];
    while (count < pending.length && (count === 0 || bytes + (pending[count]?.length ?? 0) <= recordBytesMax)) {
      bytes += pending[count]?.length ?? 0;
      count++;
    }
    const result = await spool.append(Buffer.concat(pending.slice(0, count), bytes)).catch((error: unknown) => {
      deps.onFault(error);
      return 'full' as const;
    });
    if (result === 'kept') {
      pending = pending.slice(count);
      pendingBytes -= bytes;
    }
    return result;
  }

  async function drain(): Promise<void> {
    while (pending.length > 0) {
      if ((await writeSome()) === 'full') {
        deps.onFull();
        if (!isStopped)
          cancelRetry = deps.after(retryMs, () => {
            cancelRetry = undefined;
            start();
          });
        return;
      }
      deps.onKept();
      if (pendingBytes >= pendingBytesMax / 2) continue;
      const resumed = waiting;
      waiting = [];
      for (const resume of resumed) resume();
    }
  }
  function start(): void {
    if (cancelRetry !== undefined) return;
    writing ??= drain().finally(() => {
      writing = undefined;
      if (pending.length > 0 && !isStopped) start();
    });
  }

  return {
    offer: (line) => {
      if (isStopped || pendingBytes + line.length > pendingBytesMax) return false;
      pending.push(line);
      pendingBytes += line.length;
      start();
      return true;
    },
    isFull: () => pendingBytes >= pendingBytesMax / 2,
    whenRoom: (resume) => waiting.push(resume),
    stop: async () => {
      isStopped = true;
      cancelRetry?.();
      await writing;
    },
  };
}
