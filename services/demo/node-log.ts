import type { Clock } from '../runtime/clock.ts';
import { formatLogLine, type OffsetMinutes, type TimeFormat } from './log-format.ts';
import type { Random } from './random.ts';

/** What the daemons of one node write to. */
export type NodeLog = (program: string, pid: number | undefined, text: string) => void;

/** Adds the header to each line; times rise by at least some microseconds from line to line, as on a real node. */
export function createNodeLog(
  options: { readonly format: TimeFormat; readonly hostname: string; readonly offsetMinutes: OffsetMinutes },
  deps: { readonly clock: Pick<Clock, 'now'>; readonly random: Random; readonly write: (line: string) => void },
): NodeLog {
  let lastTime = 0;
  return (program, pid, text) => {
    lastTime = Math.max(lastTime + deps.random.between(20, 400) / 1000, deps.clock.now());
    const line = { time: lastTime, host: options.hostname, program, pid, text };
    deps.write(formatLogLine(options.format, options.offsetMinutes, line));
  };
}

/** Process ids: a daemon that serves one client at a time keeps its id from client to client. */
export type Pids = {
  readonly acquire: (service: string) => number;
  readonly release: (service: string, pid: number) => void;
};

export function createPids(random: Random): Pids {
  const idleByService = new Map<string, number[]>();
  let lastPid = random.between(600, 900);
  return {
    acquire: (service) => {
      const idle = idleByService.get(service)?.pop();
      if (idle !== undefined) return idle;
      lastPid = lastPid > 4_000_000 ? 600 : lastPid + random.between(1, 7);
      return lastPid;
    },
    release: (service, pid) => {
      const idle = idleByService.get(service) ?? [];
      // Postfix ends what has been idle for a while; keeping a few is enough.
      if (idle.length < 8) idle.push(pid);
      idleByService.set(service, idle);
    },
  };
}
