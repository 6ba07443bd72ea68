import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Action, CommandReply } from '../../protocol/action.ts';
import type { SignedCommand } from '../../protocol/trust.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { createCommandDesk } from './command-desk.ts';
import { createCommandEvents } from './command-events.ts';

const heal: Action = { action: 'fault-heal', parameters: { fault: 'queue-full' } };
const waitMs = 5000;

function deskWith(
  reply: (command: SignedCommand) => CommandReply | 'not-connected' | 'silent',
  pendingMax = 2,
  lifeOf = (lifeMs: number) => lifeMs,
) {
  const sent: SignedCommand[] = [];
  let count = 0;
  const desk = createCommandDesk({
    clock: systemClock,
    events: createCommandEvents({ log: createLog({ process: 'test', level: 'fatal' }), registry: new Registry() }),
    newId: () => `c${++count}`,
    sign: ({ lifeMs, ...named }) => ({
      ...named,
      epoch: 1,
      nonce: '',
      notAfter: systemClock.now() + lifeOf(lifeMs),
      signature: '',
    }),
    send: async (_, command) => {
      sent.push(command);
      return reply(command);
    },
    pendingMax,
  });
  return { desk, sent };
}
const result = (id: string) => ({ id, outcome: 'done', detail: '', output: 'out', startedAt: 0, endedAt: 1 }) as const;

test('a command is signed for its node, and its end is waited for', async () => {
  const { desk, sent } = deskWith(() => ({ taken: true }));
  const answer = desk.run('mx1', heal, waitMs);
  expect(sent).toMatchObject([{ id: 'c1', node: 'mx1', action: 'fault-heal', parameters: { fault: 'queue-full' } }]);
  desk.resultCame('mx1', result('c1'));
  expect(await answer).toEqual({ id: 'c1', node: 'mx1', state: 'done', detail: '', output: 'out' });
});

test("another node's word is not taken for it", async () => {
  const { desk } = deskWith(() => ({ taken: true }));
  const answer = desk.run('mx1', heal, 0);
  desk.resultCame('mx2', result('c1'));
  expect(await answer).toMatchObject({ state: 'taken' });
});

test('a refusal is told with its reason', async () => {
  const { desk } = deskWith(() => ({ taken: false, refusal: 'observe-only', detail: 'why' }));
  expect(await desk.run('mx1', heal, waitMs)).toMatchObject({
    state: 'refused',
    refusal: 'observe-only',
    detail: 'why',
  });
});

test('a node that is not connected is unreachable', async () => {
  const { desk } = deskWith(() => 'not-connected');
  await expect(desk.run('mx1', heal, waitMs)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('not connected, so nothing was sent'),
  });
});

test('an agent that says nothing may have taken it: its end is waited for', async () => {
  const { desk } = deskWith(() => 'silent');
  const answer = desk.run('mx1', heal, waitMs);
  desk.resultCame('mx1', result('c1'));
  expect(await answer).toMatchObject({ state: 'done', output: 'out' });
});

test('whether a command was taken is unknown once it can be taken no more, and no sooner than who asks will wait', async () => {
  const unknown = { state: 'unknown', detail: expect.stringContaining('It may have been taken') };
  expect(
    await deskWith(
      () => 'silent',
      2,
      () => 10,
    ).desk.run('mx1', heal, 60_000),
  ).toMatchObject(unknown);
  expect(await deskWith(() => 'silent').desk.run('mx1', heal, 10)).toMatchObject(unknown);
});

test('what is under way is bounded, and ends give room', async () => {
  const { desk } = deskWith(() => ({ taken: true }), 1);
  const first = desk.run('mx1', heal, waitMs);
  await expect(desk.run('mx2', heal, waitMs)).rejects.toMatchObject({ code: 'overloaded' });
  desk.resultCame('mx1', result('c1'));
  await first;
  expect(await desk.run('mx2', heal, 0)).toMatchObject({ state: 'taken' });
});
