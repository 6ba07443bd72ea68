import { injectableById } from '../../faults/registry.ts';
import { healScript, injectScript } from '../../faults/scripts.ts';
import { type Action, actionSchema, type Refusal } from '../../protocol/action.ts';
import { AppError } from '../../protocol/errors.ts';
import type { ActionsConfig } from './actions-config.ts';

/** Shell text that does what was asked, and what takes it back when it breaks off half-way. */
type Plan = { readonly action: Action; readonly script: string; readonly undo?: string };
export type Judgement =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly refusal: Refusal; readonly detail: string };

const detailCharsMax = 500;

/** Whether this node's operator allows an action; says why not. `wish` is what a command asks for, unchecked. */
export function judgeAction(
  config: ActionsConfig,
  wish: { readonly action: string; readonly parameters: unknown },
): Judgement {
  if (config.allow.length === 0)
    return refuse('observe-only', 'This node only observes: its configuration allows no action.');
  const parsed = actionSchema.safeParse({ action: wish.action, parameters: wish.parameters });
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return refuse('bad-action', `The action is not understood: ${faults.join('; ')}`);
  }
  const action = parsed.data;
  const id = action.parameters.fault;
  const fault = injectableById.get(id);
  if (fault === undefined) return refuse('bad-action', `No fault is named ${id} in this release.`);
  if (!config.allow.includes('fault:*') && !config.allow.includes(`fault:${id}`))
    return refuse('not-allowed', `The configuration of this node does not allow fault:${id}.`);
  if (action.action === 'fault-heal') return { ok: true, plan: { action, script: healScript(id) } };
  const { fault: _, ttlSeconds, ...rest } = action.parameters;
  const values = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
  if (ttlSeconds > config.ttlSecondsMax)
    return refuse('not-allowed', `${ttlSeconds} s are asked for; this node allows at most ${config.ttlSecondsMax} s.`);
  try {
    const prelude = `service_start() {\n${config.serviceStart}\n}`;
    return {
      ok: true,
      plan: { action, script: injectScript(fault, { prelude, ttlSeconds, values }), undo: healScript(id) },
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return refuse('bad-action', error.message);
  }
}

function refuse(refusal: Refusal, detail: string): Judgement {
  return { ok: false, refusal, detail: detail.slice(0, detailCharsMax) };
}
