// Keeps the lease process of this node running. It is started apart from the agent, or control, and outlives it: one that is
// restarted, blocked or killed moves nothing. Where systemd runs it as a unit of its own, it answers already, and nothing is started.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

/** How often it is looked whether it answers, and how long a start may take before the next one. */
const lookEveryMs = 2000;
const startWithinMs = 10_000;
const connectWithinMs = 1000;

export const defaultLeaseSocket = '/run/mailward/lease/status.sock';

export const leaseKeeperConfigSchema = z.strictObject({
  /** The lease process's own file. */
  config: z.string().min(1).max(4096).default('/etc/mailward/lease.yaml'),
  /** `status.sock` in the runDir of that file. */
  socket: z.string().min(1).max(100).default(defaultLeaseSocket),
});

/** Looks at once and then every two seconds; stopping it leaves the lease process as it is. */
export function createLeaseKeeper(
  config: z.infer<typeof leaseKeeperConfigSchema>,
  deps: { readonly clock: Clock; readonly log: Logger },
): { readonly stop: () => void } {
  const { clock, log } = deps;
  let startedAt = Number.NEGATIVE_INFINITY;
  let isLooking = false;
  let isStopped = false;

  async function look(): Promise<void> {
    if (isLooking || isStopped) return;
    isLooking = true;
    const isThere = await isAnswered(config.socket);
    isLooking = false;
    if (isThere || isStopped || clock.monotonicMs() - startedAt < startWithinMs) return;
    startedAt = clock.monotonicMs();
    start();
  }
  function start(): void {
    const main = join(import.meta.dirname, '..', '..', 'lease', 'main.ts');
    // Its own session, no channel to us, and its log where ours goes.
    const child = spawn(process.execPath, [main, '--config', config.config], {
      ...{ detached: true, stdio: ['ignore', 'ignore', 'inherit'] },
    });
    log.info({ leasePid: child.pid }, 'the lease process is started');
    child.once('error', (error) => log.error({ err: error }, 'the lease process cannot be started'));
    child.once('exit', (status, signal) => {
      if (!isStopped) log.error({ status, signal }, 'the lease process has ended; it is started again');
    });
    child.unref();
  }

  void look();
  const stopLooking = clock.every(lookEveryMs, () => void look());
  return {
    stop: () => {
      isStopped = true;
      stopLooking();
    },
  };
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(connectWithinMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
