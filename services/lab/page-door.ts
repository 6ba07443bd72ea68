import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { listenOrExplain } from '../runtime/port-holder.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import type { LabPaths } from './lab-paths.ts';
import { listenerKey, listeningPorts } from './listening.ts';
import { controlSocket } from './roles/control.ts';
import { hostsOf, type LabPlan } from './topology.ts';

// The one thing of a lab in the machine's own network: a relay from a loopback port to control. It lives in control's
// other namespaces, so it ends with that host and leaves no link, route or rule behind.

/** `wanted` if it is free, or any free port for 0; throws `port-busy` with who holds it. */
export function freePagePort(wanted: number): Promise<number> {
  const host = '127.0.0.1';
  const listen = () =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(wanted, host, () => {
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : wanted;
        server.close(() => resolve(port));
      });
    });
  return listenOrExplain(listen, { host, port: wanted, option: '--page-port' });
}

const openWithinMs = 5000;
const lookEveryMs = 20;

/** Opens the way to the page and returns its address once it leads there. */
export async function openPageDoor(
  paths: LabPaths,
  plan: LabPlan,
  port: number,
  deps: { readonly clock: Clock },
): Promise<string> {
  const control = hostsOf(plan, 'control')[0]?.name ?? '';
  const relay = ['socat', `TCP4-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${controlSocket}`];
  const [program = '', ...enter] = insideHost(initOf(paths, control), relay, { ownNetwork: true });
  const options = { detached: true, stdio: 'ignore', env: hostEnvironment(paths), cwd: '/' } as const;
  spawn(program, enter, options).unref();
  const endsAt = deps.clock.monotonicMs() + openWithinMs;
  while (!listeningPorts(process.pid).has(listenerKey({ protocol: 'tcp', port }))) {
    if (deps.clock.monotonicMs() > endsAt)
      throw new AppError('internal', `The page's relay on port ${port} does not listen`);
    await new Promise<void>((done) => deps.clock.after(lookEveryMs, done));
  }
  return `http://127.0.0.1:${port}/`;
}
