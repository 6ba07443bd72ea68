import type { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import type { LabPaths } from './lab-paths.ts';
import { tryCommand } from './run-command.ts';
import { hostsOf, type LabPlan } from './topology.ts';

const graceMs = 10_000;
/** What `tryCommand`, nsenter(1) and timeout(1) end with when a limit ended the program. */
const limitStatuses = [124, 128, 137];

/**
 * Runs one of the lab's own parts in the client host, with a JSON task on its stdin, and reads its JSON answer. Throws
 * `unreachable` when there is none in time.
 */
export async function runInClient<Schema extends z.ZodType>(
  paths: LabPaths,
  plan: LabPlan,
  part: 'canary' | 'check' | 'traffic',
  task: object,
  options: { readonly answer: Schema; readonly timeoutMs: number },
): Promise<z.output<Schema>> {
  const client = hostsOf(plan, 'client')[0];
  if (client === undefined) throw new AppError('not-found', 'This topology has no client host');
  // The limit holds inside the host: what enters a pid namespace is not the process that works there.
  const limit = ['timeout', '-s', 'KILL', String(Math.ceil(options.timeoutMs / 1000))];
  const argv = insideHost(initOf(paths, client.name), [...limit, 'node', '/opt/mailward/services/lab/main.ts', part]);
  const timeoutMs = options.timeoutMs + graceMs;
  const result = await tryCommand(argv, { input: JSON.stringify(task), timeoutMs, env: hostEnvironment(paths) });
  if (limitStatuses.includes(result.status))
    throw new AppError('unreachable', `No answer from the client host within ${options.timeoutMs / 1000} s`);
  if (result.status !== 0) {
    const said = result.stderr.trim().slice(-600);
    throw new AppError('internal', `The client host ended with status ${result.status}: ${said}`);
  }
  return options.answer.parse(JSON.parse(result.stdout));
}
