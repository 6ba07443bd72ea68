import { type ActionResult, actionLimits, type CommandReply } from '../../protocol/action.ts';
import type { LeaseOrder } from '../../protocol/lease-status.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ActionEvents } from './action-events.ts';
import type { ActionsConfig } from './actions-config.ts';
import { type Judgement, judgeAction, type Plan } from './judge-action.ts';
import { runScript, type ScriptEnd } from './run-script.ts';

/** A command whose signature has been found good. */
export type TrustedCommand = { readonly id: string; readonly action: string; readonly parameters: unknown };

const detailCharsMax = 500;

export type Actions = {
  /** Whether this node may do anything at all. */
  readonly isActive: boolean;
  /** Says at once whether the command is taken; its result comes through `onResult`. */
  readonly take: (command: TrustedCommand) => CommandReply;
  /** Waits for what is under way, which has its own limit of time. */
  readonly stop: () => Promise<void>;
};

/** Executes allowed actions on this host, one at a time, within bounds of time and output. */
export function createActions(
  config: ActionsConfig,
  deps: {
    readonly clock: Clock;
    readonly events: ActionEvents;
    readonly onResult: (result: ActionResult) => void;
    /** Shell text, run to its end or to `limitMs`. */
    readonly run?: (script: string, limitMs: number) => Promise<ScriptEnd>;
    readonly runMs?: number;
    /** Tells the lease process of this node; absent where none runs. */
    readonly order?: OrderLease | undefined;
  },
): Actions {
  const { clock, events, onResult, run = runScript, runMs = actionLimits.runMs, order = noLease } = deps;
  let underWay: { readonly what: string; readonly ended: Promise<void> } | undefined;

  async function runPlan(plan: Plan): Promise<{ readonly detail: string; readonly output: string }> {
    if (plan.kind === 'order') return tell(order, plan.group, plan.order);
    const { script, undo } = plan;
    const end = await run(script, runMs);
    // Half a fault is worse than none: what broke off is mended now and not only when its time is over.
    if (end.status !== 0 && undo !== undefined) await run(undo, runMs);
    return { detail: describeEnd(end, runMs), output: end.output };
  }

  async function execute(id: string, plan: Plan): Promise<void> {
    const { action } = plan;
    const startedAt = clock.now();
    events.actionBegun(id, action.action, action.parameters);
    const { detail, output } = await runPlan(plan);
    const result: ActionResult = {
      ...{ id, outcome: detail === '' ? 'done' : 'failed', detail, output },
      ...{ startedAt, endedAt: clock.now() },
    };
    events.actionEnded(action.action, result);
    onResult(result);
  }

  return {
    isActive: config.allow.length > 0,
    take: ({ id, action, parameters }) => {
      const judged = underWay === undefined ? judgeAction(config, { action, parameters }) : busyWith(underWay.what);
      if (!judged.ok) {
        const { refusal, detail } = judged;
        events.commandRefused(refusal, detail);
        return { taken: false, refusal, detail };
      }
      const { plan } = judged;
      const ended = execute(id, plan).finally(() => {
        underWay = undefined;
      });
      const { action: wanted } = plan;
      const about = wanted.action === 'lease-order' ? wanted.parameters.group : wanted.parameters.fault;
      underWay = { what: `${wanted.action} ${about}`, ended };
      return { taken: true };
    },
    stop: async () => {
      await underWay?.ended;
    },
  };
}

function busyWith(what: string): Judgement {
  return { ok: false, refusal: 'busy', detail: `Another action is under way on this node: ${what}.` };
}

export type OrderLease = (
  group: string,
  order: LeaseOrder,
) => Promise<{ readonly isDone: boolean; readonly sentences: readonly string[] }>;

const noLease: OrderLease = async () => ({ isDone: false, sentences: ['No lease process runs on this node.'] });

/** A refusal of the lease process is a failure, with its own sentences. */
async function tell(
  order: OrderLease,
  group: string,
  wish: LeaseOrder,
): Promise<{ readonly detail: string; readonly output: string }> {
  try {
    const { isDone, sentences } = await order(group, wish);
    const output = sentences.join('\n').slice(-actionLimits.outputCharsMax);
    return {
      detail: isDone ? '' : (sentences.at(-1) ?? 'The lease process did nothing.').slice(0, detailCharsMax),
      output,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { detail: why.slice(0, detailCharsMax), output: '' };
  }
}

/** Empty when it did what it should. */
function describeEnd(end: ScriptEnd, runMs: number): string {
  if (end.timedOut) return `It was ended after ${runMs / 1000} s.`;
  return end.status === 0 ? '' : `It ended with status ${end.status}.`;
}
