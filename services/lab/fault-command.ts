import { actionAnswerSchema, type FaultAction } from '../protocol/action.ts';
import { AppError } from '../protocol/errors.ts';
import { askOperator } from './ask-operator.ts';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { hostsOf } from './topology.ts';

// Where an agent runs, a fault goes the way that a drill or a diagnosis takes it: control signs a command, the agent of the host
// executes it under its allow-list.

/** How long the end of an action is waited for; a host that the fault has cut off cannot say it. */
const waitMs = 15_000;
const graceMs = 5000;

export type CommandEnd =
  /** Executed, or taken by an agent that could not say yet how it ended. */
  | 'done'
  | 'taken'
  /** The host has no agent, or it, or control, does not answer: whoever wants it done must enter the host. */
  | 'no-agent';

/** Throws `internal` with the agent's words when it refuses or when the action fails. */
export async function commandHost(paths: LabPaths, host: string, action: FaultAction): Promise<CommandEnd> {
  const { plan, pageUrl } = readRecord(paths);
  const control = hostsOf(plan, 'control')[0];
  const hasAgent = hostsOf(plan, 'mail').some(({ name }) => name === host);
  if (pageUrl === undefined || control === undefined || !hasAgent) return 'no-agent';
  const asked = askOperator(paths, { host: control.name, pageUrl }, `/api/v1/nodes/${host}/actions`, {
    body: { do: action, waitMs },
    answer: actionAnswerSchema,
    withinMs: waitMs + graceMs,
  });
  const answer = await asked.catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'unreachable') return undefined;
    throw error;
  });
  if (answer === undefined || answer.state === 'unknown') return 'no-agent';
  if (answer.state === 'done' || answer.state === 'taken') return answer.state;
  // An agent that is still at the last action is no obstacle to entering the host.
  if (answer.refusal === 'busy' || answer.refusal === 'overloaded') return 'no-agent';
  const said = [answer.detail, answer.output.trim().slice(-400)].filter((words) => words !== '').join(' ');
  throw new AppError('internal', `The agent of ${host} does not ${action.action} ${action.parameters.fault}: ${said}`);
}
