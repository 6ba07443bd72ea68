import type { Clock } from '../runtime/clock.ts';

/** A clock that jumps from task to task until it is handed over to a real one; what is still due then happens in real time. */
export type VirtualClock = Clock & {
  /** Runs everything due up to `time` (epoch ms), in order, and leaves the clock there. */
  readonly runUntil: (time: number) => void;
  readonly handOver: (real: Clock) => void;
  /** Forgets everything that is still due, and whatever is asked for from then on. */
  readonly stop: () => void;
};

type Task = { readonly dueAt: number; readonly order: number; readonly run: () => void };

export function createVirtualClock(startAt: number): VirtualClock {
  let time = startAt;
  let order = 0;
  let tasks: Task[] = [];
  let real: Clock | undefined;
  let isStopped = false;
  const cancels = new Set<() => void>();

  const takeNext = (until: number): Task | undefined => {
    let best = -1;
    for (const [at, task] of tasks.entries()) {
      const other = tasks[best];
      if (task.dueAt > until) continue;
      if (other === undefined || task.dueAt < other.dueAt || (task.dueAt === other.dueAt && task.order < other.order)) {
        best = at;
      }
    }
    return best < 0 ? undefined : tasks.splice(best, 1)[0];
  };

  const after = (delayMs: number, run: () => void): (() => void) => {
    if (isStopped) return () => {};
    if (real !== undefined) {
      const cancel = real.after(delayMs, () => {
        cancels.delete(cancel);
        run();
      });
      cancels.add(cancel);
      return () => {
        cancels.delete(cancel);
        cancel();
      };
    }
    order += 1;
    const task = { dueAt: time + Math.max(0, delayMs), order, run };
    tasks.push(task);
    return () => {
      tasks = tasks.filter((other) => other !== task);
    };
  };

  return {
    now: () => real?.now() ?? time,
    monotonicMs: () => real?.monotonicMs() ?? time - startAt,
    after,
    every: (periodMs, run) => {
      let cancel = () => {};
      const next = () => {
        cancel = after(periodMs, () => {
          run();
          next();
        });
      };
      next();
      return () => cancel();
    },
    runUntil: (until) => {
      for (let task = takeNext(until); task !== undefined; task = takeNext(until)) {
        time = Math.max(time, task.dueAt);
        task.run();
      }
      time = Math.max(time, until);
    },
    handOver: (clock) => {
      real = clock;
      const pending = tasks;
      tasks = [];
      for (const { dueAt, run } of pending) after(Math.max(0, dueAt - clock.now()), run);
    },
    stop: () => {
      isStopped = true;
      tasks = [];
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
