import type { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import type { LabPaths } from './lab-paths.ts';
import { tryCommand } from './run-command.ts';
import { hostsOf, type LabPlan } from './topology.ts';

/** Runs one of the lab's own parts in the client host, with a JSON task on its stdin, and reads its JSON answer. */
export async function runInClient<Schema extends z.ZodType>(
  paths: LabPaths,
  plan: LabPlan,
  part: 'canary' | 'check' | 'traffic',
  task: object,
  options: { readonly answer: Schema; readonly timeoutMs: number },
): Promise<z.output<Schema>> {
  const client = hostsOf(plan, 'client')[0];
  if (client === undefined) throw new AppError('not-found', 'This topology has no client host');
  const argv = insideHost(initOf(paths, client.name), ['node', '/opt/mailward/services/lab/main.ts', part]);
  const input = JSON.stringify(task);
  const result = await tryCommand(argv, { input, timeoutMs: options.timeoutMs, env: hostEnvironment(paths) });
  if (result.status !== 0) {
    throw new AppError(
      'internal',
      `The client host ended with status ${result.status}: ${result.stderr.trim().slice(-600)}`,
    );
  }
  return options.answer.parse(JSON.parse(result.stdout));
}
