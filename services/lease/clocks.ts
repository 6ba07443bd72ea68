// The clocks of the lease: CLOCK_MONOTONIC, which every process of the machine reads alike, and how long the machine slept.
import { closeSync, openSync, readSync } from 'node:fs';

export type LeaseClocks = {
  /** CLOCK_MONOTONIC in ms, to the microsecond. */
  readonly monotonicMs: () => number;
  /** CLOCK_BOOTTIME in ms, which also counts sleep; it never seems to gain on the monotonic clock without a sleep. */
  readonly bootMs: () => number;
  readonly unixMs: () => number;
  readonly stop: () => void;
};

/** /proc/uptime is cut to hundredths of a second (proc_uptime(5)). */
const uptimeStepMs = 10;

const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/**
 * /proc/uptime is coarse, so the sleep known so far is a lower bound that only rises: what a reading proves, read before the
 * monotonic clock. It is made sharp once at the start by waiting for one step, so that later readings do not look like a sleep.
 */
export function createLeaseClocks(): LeaseClocks {
  const file = openSync('/proc/uptime', 'r');
  const text = Buffer.alloc(64);
  let sleptMs = Number.NEGATIVE_INFINITY;
  function look(): void {
    const length = readSync(file, text, 0, text.length, 0);
    const uptimeMs = Number.parseFloat(text.toString('latin1', 0, length)) * 1000;
    sleptMs = Math.max(sleptMs, uptimeMs - monotonicMs());
  }
  const sharpAt = monotonicMs() + uptimeStepMs + 1;
  while (monotonicMs() < sharpAt) look();
  return {
    monotonicMs,
    bootMs: () => {
      look();
      return monotonicMs() + sleptMs;
    },
    unixMs: () => Date.now(),
    stop: () => closeSync(file),
  };
}
