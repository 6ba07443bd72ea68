import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { ActionResult } from '../../protocol/action.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { createActionEvents } from './action-events.ts';
import { createActions } from './actions.ts';
import { actionsConfigSchema } from './actions-config.ts';
import type { ScriptEnd } from './run-script.ts';

const ended = (part: Partial<ScriptEnd> = {}): ScriptEnd => ({ status: 0, timedOut: false, output: '', ...part });

function actionsWith(config: object, run: (script: string) => Promise<ScriptEnd>, runMs = 1000) {
  const registry = new Registry();
  const results: ActionResult[] = [];
  const actions = createActions(actionsConfigSchema.parse(config), {
    clock: systemClock,
    events: createActionEvents({ log: createLog({ process: 'test', level: 'fatal' }), registry }),
    onResult: (result) => results.push(result),
    run,
    runMs,
  });
  return { actions, results, registry };
}
const inject = (parameters: object = {}) => ({
  id: 'c1',
  action: 'fault-inject',
  parameters: { fault: 'rspamd-killed', ttlSeconds: 60, ...parameters },
});

test('nothing is allowed by default, and a refusal is counted by its reason', async () => {
  const { actions, registry } = actionsWith({}, async () => ended());
  expect(actions.isActive).toBe(false);
  expect(actions.take(inject())).toMatchObject({ taken: false, refusal: 'observe-only' });
  expect(await registry.metrics()).toContain('mailward_agent_commands_refused_total{reason="observe-only"} 1');
});

test('an allowed fault is injected with its time to live, and its result told', async () => {
  const scripts: string[] = [];
  const { actions, results } = actionsWith({ allow: ['fault:rspamd-killed'] }, async (script) => {
    scripts.push(script);
    return ended({ output: 'said' });
  });
  expect(actions.take(inject())).toEqual({ taken: true });
  await actions.stop();
  expect(scripts).toHaveLength(1);
  expect(scripts[0]).toContain('sleep 60;');
  expect(results).toMatchObject([{ id: 'c1', outcome: 'done', output: 'said' }]);
});

test.each([
  ['another fault', { fault: 'queue-full' }, 'not-allowed', 'does not allow fault:queue-full'],
  ['a time to live beyond what is allowed', { ttlSeconds: 301 }, 'not-allowed', 'at most 300 s'],
  ['no time to live', { ttlSeconds: 0 }, 'bad-action', 'ttlSeconds'],
  ['a fault that does not exist', { fault: 'no-such' }, 'bad-action', 'No fault is named no-such'],
  ['a name that is more than a name', { fault: 'x; rm -rf /' }, 'bad-action', 'is named like'],
  ['a parameter that the fault has not', { colour: 'red' }, 'bad-action', 'colour of rspamd-killed is no parameter'],
])('%s is refused with its reason', (_, parameters, refusal, words) => {
  const { actions } = actionsWith({ allow: ['fault:rspamd-killed'] }, async () => ended());
  const reply = actions.take(inject(parameters));
  expect(reply).toMatchObject({ taken: false, refusal, detail: expect.stringContaining(words) });
});

test('an action that nobody knows is refused', () => {
  const { actions } = actionsWith({ allow: ['fault:*'] }, async () => ended());
  expect(actions.take({ id: 'c1', action: 'shell', parameters: {} })).toMatchObject({ refusal: 'bad-action' });
});

test('one action at a time', async () => {
  let finish = () => {};
  const { actions } = actionsWith(
    { allow: ['fault:*'] },
    () =>
      new Promise((resolve) => {
        finish = () => resolve(ended());
      }),
  );
  expect(actions.take(inject())).toEqual({ taken: true });
  const second = actions.take({ ...inject(), id: 'c2' });
  expect(second).toMatchObject({ refusal: 'busy', detail: expect.stringContaining('fault-inject rspamd-killed') });
  finish();
  await actions.stop();
  expect(actions.take({ ...inject(), id: 'c3' })).toEqual({ taken: true });
  finish();
  await actions.stop();
});

test('a fault that broke off half-way is mended at once', async () => {
  const scripts: string[] = [];
  const { actions, results } = actionsWith({ allow: ['fault:*'] }, async (script) => {
    scripts.push(script);
    return ended(scripts.length === 1 ? { status: 137, timedOut: true } : {});
  });
  actions.take(inject());
  await actions.stop();
  expect(scripts[1]).toContain('mend rspamd-killed');
  expect(results).toMatchObject([{ outcome: 'failed', detail: 'It was ended after 1 s.' }]);
});

test('an allow-list names faults that exist', () => {
  const read = (rule: string) => actionsConfigSchema.safeParse({ allow: [rule] });
  expect(read('fault:queue-full').success).toBe(true);
  expect(read('fault:no-such').error?.message).toContain('There is no such fault');
  expect(read('shell').error?.message).toContain('named like');
});

test('an order to the lease process is carried out as far as the node allows, and its refusal is a failure', async () => {
  const results: ActionResult[] = [];
  const told: unknown[] = [];
  let isDone = true;
  const actions = createActions(actionsConfigSchema.parse({ allow: ['lease:voters'] }), {
    clock: systemClock,
    events: createActionEvents({ log: createLog({ process: 'test', level: 'fatal' }), registry: new Registry() }),
    onResult: (result) => results.push(result),
    order: async (group, order) => {
      told.push([group, order]);
      return { isDone, sentences: [isDone ? 'One voter more or less.' : 'Refused: only the holder.'] };
    },
  });
  const order = (parameters: object) => ({
    id: 'c1',
    action: 'lease-order',
    parameters: { group: 'mail', ...parameters },
  });
  expect(actions.take(order({ order: 'add-voter', voter: 4 }))).toEqual({ taken: true });
  await actions.stop();
  isDone = false;
  expect(actions.take(order({ order: 'remove-voter', voter: 4 }))).toEqual({ taken: true });
  await actions.stop();
  expect(told).toEqual([
    ['mail', { kind: 'addVoter', voter: 4 }],
    ['mail', { kind: 'removeVoter', voter: 4 }],
  ]);
  expect(results).toMatchObject([
    { outcome: 'done', output: 'One voter more or less.' },
    { outcome: 'failed', detail: 'Refused: only the holder.' },
  ]);
  expect(actions.take(order({ order: 'retime', leaseMs: 3000 }))).toMatchObject({
    ...{ refusal: 'not-allowed', detail: expect.stringContaining('lease:retime') },
  });
  expect(actions.take(order({ order: 'add-voter', voter: 0 }))).toMatchObject({ refusal: 'bad-action' });
});
