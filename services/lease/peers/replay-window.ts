// Which counters of one process were seen, in bounded memory, in the manner of the window of RFC 4303 3.4.3.

/** Datagrams that may come this much out of order; older ones are taken for repeats. */
export const windowCounters = 1024;

export type ReplayWindow = { highest: number; readonly seen: Uint8Array };

export const createReplayWindow = (): ReplayWindow => ({ highest: -1, seen: new Uint8Array(windowCounters) });

/** Takes a counter once; false for one seen before or too old to know. */
export function takeCounter(window: ReplayWindow, counter: number): boolean {
  if (counter > window.highest) {
    const jump = Math.min(windowCounters, counter - window.highest);
    for (let step = 0; step < jump; step++) window.seen[(counter - step) % windowCounters] = 0;
    window.highest = counter;
  } else if (window.highest - counter >= windowCounters) return false;
  const at = counter % windowCounters;
  if (window.seen[at] === 1) return false;
  window.seen[at] = 1;
  return true;
}
