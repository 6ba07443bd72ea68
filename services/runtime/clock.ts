/** The two clocks and the timers, as an argument: decisions get `now` from here, simulations and tests bring their own. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. It may jump. */
  readonly now: () => number;
  /** Milliseconds that only rise; for durations and deadlines. */
  readonly monotonicMs: () => number;
  /** Runs `task` once after `delayMs`; the function returned cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void;
  /** Runs `task` every `periodMs` until cancelled; does not keep the process alive. */
  readonly every: (periodMs: number, task: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  every: (periodMs, task) => {
    const timer = setInterval(task, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
