// The composition root of the lease process: clocks, one socket, the groups, the status socket. Nothing else runs in it.
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../protocol/errors.ts';
import type { LeaseConfig } from '../protocol/lease-config.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { StopStack } from '../runtime/stop-stack.ts';
import { createLeaseClocks } from './clocks.ts';
import { hasNetAdmin, modeOf, readKeys } from './config.ts';
import { createLeaseEvents } from './events.ts';
import type { LeaseGroup } from './group.ts';
import { startGroup } from './group.ts';
import { openGuard } from './guard/open-guard.ts';
import { openUdpSocket } from './peers/udp-socket.ts';
import { runPreflight } from './preflight.ts';
import { readBootId } from './state/run-file.ts';
import { startStatusServer } from './status-server.ts';

export const statusSocketName = 'status.sock';

/** Starts every group of the configuration, each with its stop on `stack`. Resolves when the status socket serves. */
export async function startLease(
  config: LeaseConfig,
  deps: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly stack: StopStack;
    /** Reads the file anew: keys change while the process runs. */
    readonly readConfig: () => Promise<LeaseConfig>;
  },
): Promise<{ readonly url: string }> {
  const { clock, log, stack } = deps;
  hurry();
  const events = createLeaseEvents({ log });
  const clocks = createLeaseClocks();
  stack.add('clocks', clocks.stop);
  await mkdir(config.runDir, { recursive: true, mode: 0o750 });
  const socket = await openUdpSocket(config.listen, { onFault: events.socketFault });
  stack.add('peer socket', socket.stop);
  const mayAct = hasNetAdmin();
  const bootId = readBootId();
  const groups: LeaseGroup[] = [];
  // Before the groups, so that it is stopped after them: what their end says is still told.
  let server: { readonly stop: () => Promise<void> } | undefined;
  stack.add('status socket', () => server?.stop());
  for (const group of config.groups) {
    const mode = modeOf(config, group, mayAct);
    const { node, stateDir, runDir } = config;
    const started = await startGroup(
      { node, config: group, keys: await readKeys(group), mode, stateDir, runDir, bootId },
      {
        ...{ clocks, after: clock.after, every: clock.every, socket, events },
        openGuard: (modeHere, hooks) =>
          openGuard(group, modeHere, { ...hooks, ...clock, monotonicMs: clocks.monotonicMs }),
      },
    );
    stack.add(`group ${group.name}`, started.stop);
    groups.push(started);
  }
  const path = join(config.runDir, statusSocketName);
  server = await startStatusServer(
    { node: config.node, path },
    {
      ...{ groups, now: clock.now },
      preflight: (group) => runPreflight(group, { now: clock.now, after: clock.after }),
      readKeys: async ({ config: { name, incarnation } }) => {
        const { groups: found } = await deps.readConfig();
        const group = found.find((each) => each.name === name && each.incarnation === incarnation);
        if (group === undefined) throw new AppError('bad-config', `The file has no group ${name} of this incarnation`);
        return readKeys(group);
      },
    },
  );
  return { url: `unix:${path}` };
}

/**
 * It needs little of the processor, and that at once: real-time, before every ordinary process, as corosync is (sched_rr). Niceness
 * alone counts only within a session or a control group (sched(7), autogroup), so it is what remains where the right is missing; an
 * ordinary user's process runs as it was started. Threads and children have what this process has.
 */
function hurry(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
    execFileSync('chrt', ['--rr', '--all-tasks', '--pid', '1', String(process.pid)], { stdio: 'ignore' });
  } catch {
    // EACCES or EPERM: an observe-only process, or a control group without a real-time share.
  }
}
