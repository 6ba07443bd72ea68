import { Counter, type Registry } from 'prom-client';
import type { ActionResult, Refusal } from '../../protocol/action.ts';
import type { Logger } from '../../runtime/log.ts';

export type ActionEvents = ReturnType<typeof createActionEvents>;

/** What becomes of commands at this node, in the log and in the metrics. */
export function createActionEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const actions = new Counter({
    name: 'mailward_agent_actions_total',
    help: 'Actions that were executed, by action and outcome',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  });
  const refused = new Counter({
    name: 'mailward_agent_commands_refused_total',
    help: 'Commands that were refused, by reason',
    labelNames: ['reason'],
    registers: [registry],
  });
  return {
    commandRefused(reason: Refusal, detail: string): void {
      refused.inc({ reason });
      log.warn({ reason }, detail);
    },
    actionBegun(id: string, action: string, parameters: object): void {
      log.warn({ id, action, ...parameters }, 'an action begins');
    },
    actionEnded(action: string, result: ActionResult): void {
      const { id, outcome, detail, output, startedAt, endedAt } = result;
      actions.inc({ action, outcome });
      const facts = { id, action, outcome, ms: endedAt - startedAt };
      if (outcome === 'done') log.warn(facts, 'an action has ended');
      else log.error({ ...facts, detail, output }, 'an action has failed');
    },
    orphansMended(ids: readonly string[]): void {
      log.warn({ ids }, 'faults whose timer was gone are mended');
    },
    orphansUnknown(output: string): void {
      log.error({ output }, 'a fault whose timer is gone may still be on');
    },
    actionsWithoutIdentity(): void {
      log.warn('actions are allowed, but this node has not joined: nobody can ask for them');
    },
    resultDropped(id: string): void {
      log.warn({ id }, 'a result that control never acknowledged is given up');
    },
  };
}
