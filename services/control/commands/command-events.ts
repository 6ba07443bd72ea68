import { Counter, type Registry } from 'prom-client';
import type { Action, ActionAnswer, ActionResult } from '../../protocol/action.ts';
import type { Logger } from '../../runtime/log.ts';

export type CommandEvents = ReturnType<typeof createCommandEvents>;

/** What becomes of the commands that control signs, in the log and in the metrics. */
export function createCommandEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const commands = new Counter({
    name: 'mailward_commands_total',
    help: 'Commands to agents, by action and by what was known of them when the caller was answered',
    labelNames: ['action', 'state'],
    registers: [registry],
  });
  return {
    commandSigned(id: string, node: string, { action, parameters }: Action): void {
      log.warn({ id, node, action, ...parameters }, 'a command is signed');
    },
    commandAnswered(action: string, answer: ActionAnswer): void {
      const { id, node, state, detail } = answer;
      commands.inc({ action, state });
      log.info({ id, node, state, detail }, 'a command is answered for');
    },
    commandNotSent(id: string, node: string, action: string): void {
      commands.inc({ action, state: 'not-connected' });
      log.warn({ id, node }, 'a command is for an agent that is not connected');
    },
    resultCame(node: string, result: ActionResult): void {
      const { id, outcome, detail, startedAt, endedAt } = result;
      log.info({ id, node, outcome, detail, ms: endedAt - startedAt }, 'an action has ended on its node');
    },
  };
}
