import { injectableById } from '../../faults/registry.ts';
import { healScript, injectScript } from '../../faults/scripts.ts';
import { actionSchema, type FaultAction, type LeaseAction, type Refusal } from '../../protocol/action.ts';
import { AppError } from '../../protocol/errors.ts';
import type { LeaseOrder } from '../../protocol/lease-status.ts';
import type { ActionsConfig } from './actions-config.ts';

/** What is to be done: shell text, and what takes it back when it breaks off half-way; or an order to the lease process. */
export type Plan =
  | { readonly kind: 'script'; readonly action: FaultAction; readonly script: string; readonly undo?: string }
  | { readonly kind: 'order'; readonly action: LeaseAction; readonly group: string; readonly order: LeaseOrder };
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
  return parsed.data.action === 'lease-order' ? judgeOrder(config, parsed.data) : judgeFault(config, parsed.data);
}

function judgeFault(config: ActionsConfig, action: FaultAction): Judgement {
  const id = action.parameters.fault;
  const fault = injectableById.get(id);
  if (fault === undefined) return refuse('bad-action', `No fault is named ${id} in this release.`);
  if (!config.allow.includes('fault:*') && !config.allow.includes(`fault:${id}`))
    return refuse('not-allowed', `The configuration of this node does not allow fault:${id}.`);
  if (action.action === 'fault-heal') return { ok: true, plan: { kind: 'script', action, script: healScript(id) } };
  const { fault: _, ttlSeconds, ...rest } = action.parameters;
  const values = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
  if (ttlSeconds > config.ttlSecondsMax)
    return refuse('not-allowed', `${ttlSeconds} s are asked for; this node allows at most ${config.ttlSecondsMax} s.`);
  try {
    const prelude = `service_start() {\n${config.serviceStart}\n}`;
    const script = injectScript(fault, { prelude, ttlSeconds, values });
    return { ok: true, plan: { kind: 'script', action, script, undo: healScript(id) } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return refuse('bad-action', error.message);
  }
}

function judgeOrder(config: ActionsConfig, action: LeaseAction): Judgement {
  const { parameters } = action;
  const rule = parameters.order === 'retime' ? 'lease:retime' : 'lease:voters';
  if (!config.allow.includes('lease:*') && !config.allow.includes(rule))
    return refuse('not-allowed', `The configuration of this node does not allow ${rule}.`);
  const { group } = parameters;
  return { ok: true, plan: { kind: 'order', action, group, order: orderOf(parameters) } };
}

function orderOf(parameters: LeaseAction['parameters']): LeaseOrder {
  switch (parameters.order) {
    case 'add-voter':
      return { kind: 'addVoter', voter: parameters.voter };
    case 'remove-voter':
      return { kind: 'removeVoter', voter: parameters.voter };
    case 'retime':
      return { kind: 'retime', leaseMs: parameters.leaseMs };
  }
}

function refuse(refusal: Refusal, detail: string): Judgement {
  return { ok: false, refusal, detail: detail.slice(0, detailCharsMax) };
}
