import type { Action, ActionAnswer, ActionResult, CommandReply } from '../../protocol/action.ts';
import { actionLimits } from '../../protocol/action.ts';
import { AppError } from '../../protocol/errors.ts';
import type { SignedCommand } from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CommandEvents } from './command-events.ts';

export type CommandDesk = {
  /**
   * Has an agent do something, and waits at most `waitMs` for its end once it is taken. When the agent does not say whether
   * it takes the command, its end is waited for as long as it could still be taken, and else the state is `unknown`.
   * @throws AppError `unreachable` when the node is not connected: nothing was sent; `overloaded` when too many are under way.
   */
  readonly run: (node: string, action: Action, waitMs: number) => Promise<ActionAnswer>;
  /** The end of an action, as the node says it that was connected. */
  readonly resultCame: (node: string, result: ActionResult) => void;
};

/** Signs commands, has them carried to agents, and matches what comes back with who waits for it. */
export function createCommandDesk(deps: {
  readonly clock: Clock;
  readonly events: CommandEvents;
  readonly newId: () => string;
  readonly sign: (
    wish: Pick<SignedCommand, 'id' | 'action' | 'parameters' | 'node'> & { readonly lifeMs: number },
  ) => SignedCommand;
  /** Resolves with what the agent said within `withinMs`. */
  readonly send: (
    node: string,
    command: SignedCommand,
    withinMs: number,
  ) => Promise<CommandReply | 'not-connected' | 'silent'>;
  readonly pendingMax?: number;
}): CommandDesk {
  const { clock, events, newId, sign, send, pendingMax = actionLimits.pendingMax } = deps;
  const pending = new Map<string, { readonly node: string; readonly settle: (result: ActionResult) => void }>();

  async function carry(id: string, node: string, action: Action, waitMs: number): Promise<ActionAnswer> {
    const ended = new Promise<ActionResult>((settle) => pending.set(id, { node, settle }));
    const { lifeMs, acceptMs } = actionLimits;
    const command = sign({ id, node, action: action.action, parameters: action.parameters, lifeMs });
    events.commandSigned(id, node, action);
    const reply = await send(node, command, acceptMs);
    if (reply === 'not-connected') {
      events.commandNotSent(id, node, action.action);
      throw new AppError('unreachable', `The agent of ${node} is not connected, so nothing was sent to it`, {
        hint: 'See the Nodes page for its state',
      });
    }
    if (reply !== 'silent' && !reply.taken)
      return { id, node, state: 'refused', refusal: reply.refusal, detail: reply.detail, output: '' };
    const takableMs = Math.max(0, command.notAfter - clock.now());
    const result = await within(reply === 'silent' ? Math.min(waitMs, takableMs) : waitMs, ended);
    if (result === undefined) return { id, node, ...(reply === 'silent' ? unknown : unended), output: '' };
    return { id, node, state: result.outcome, detail: result.detail, output: result.output };
  }

  function within(waitMs: number, ended: Promise<ActionResult>): Promise<ActionResult | undefined> {
    return new Promise((resolve) => {
      const cancel = clock.after(waitMs, () => resolve(undefined));
      void ended.then((result) => {
        cancel();
        resolve(result);
      });
    });
  }

  return {
    run: async (node, action, waitMs) => {
      if (pending.size >= pendingMax)
        throw new AppError(
          'overloaded',
          `${pendingMax} commands are under way, which is the most that control carries`,
        );
      const id = newId();
      try {
        const answer = await carry(id, node, action, waitMs);
        events.commandAnswered(action.action, answer);
        return answer;
      } finally {
        pending.delete(id);
      }
    },
    resultCame: (node, result) => {
      events.resultCame(node, result);
      const waiting = pending.get(result.id);
      if (waiting?.node === node) waiting.settle(result);
    },
  };
}

const unended = { state: 'taken', detail: 'It has not ended yet.' } as const;
/** An agent writes down that it takes a command before it says so: its silence does not mean that nothing happens. */
const unknown = {
  state: 'unknown',
  detail: 'The agent has not said whether it takes the command. It may have been taken: heal it, or ask again.',
} as const;
