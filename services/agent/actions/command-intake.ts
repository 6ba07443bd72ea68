import type { KeyObject } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { ActionResult, CommandReply } from '../../protocol/action.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { createActionEvents } from './action-events.ts';
import { createActions, type OrderLease } from './actions.ts';
import type { ActionsConfig } from './actions-config.ts';
import { createCommandGate } from './command-gate.ts';
import { mendOrphans } from './mend-orphans.ts';
import { createResultOutbox } from './result-outbox.ts';
import { runScript, type ScriptEnd } from './run-script.ts';

export type CommandIntake = {
  readonly isActive: boolean;
  /** A signed command as it came over the control channel. */
  readonly take: (payload: unknown) => Promise<CommandReply>;
  readonly connected: (send: (result: ActionResult) => Promise<void>) => void;
  readonly disconnected: () => void;
  readonly stop: () => Promise<void>;
};

/**
 * Everything between a command of control and what is done on this host. Without `readKey` (a node that has not joined)
 * there is nobody whose command could be believed, so nothing is done, whatever is allowed.
 */
export async function createCommandIntake(
  config: ActionsConfig,
  options: { readonly node: string; readonly dataDir: string; readonly readKey: (() => KeyObject) | undefined },
  deps: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly registry: Registry;
    /** Shell text, run to its end or to `limitMs`. */
    readonly run?: (script: string, limitMs: number) => Promise<ScriptEnd>;
    readonly order?: OrderLease | undefined;
  },
): Promise<CommandIntake> {
  const { node, dataDir, readKey } = options;
  const { clock, run = runScript, order } = deps;
  const events = createActionEvents(deps);
  const outbox = createResultOutbox({ clock, events });
  const actions = createActions(config, { clock, events, run, order, onResult: outbox.add });
  const gate = readKey === undefined ? undefined : await createCommandGate({ node, dataDir }, { clock, readKey });
  if (actions.isActive && gate === undefined) events.actionsWithoutIdentity();
  // Also where nothing is allowed any more: what was broken while it was must not stay so.
  await mendOrphans({ events, run });
  return {
    isActive: actions.isActive && gate !== undefined,
    take: async (payload) => {
      const checked = (await gate?.check(payload)) ?? nobody;
      if (checked.ok) return actions.take(checked.command);
      const { refusal, detail } = checked;
      events.commandRefused(refusal, detail);
      return { taken: false, refusal, detail };
    },
    connected: outbox.connected,
    disconnected: outbox.disconnected,
    stop: actions.stop,
  };
}

const nobody = {
  ok: false,
  refusal: 'observe-only',
  detail: 'This node has not joined: it knows no control whose commands it could believe.',
} as const;
