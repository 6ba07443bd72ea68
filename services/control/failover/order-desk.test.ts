// What stands on record of an order: what came of it, whenever that is known, and never that nothing was sent of what was done.
import { expect, test, vi } from 'vitest';
import { type ActionAnswer, actionLimits } from '../../protocol/action.ts';
import type { AuditRecord, FailoverGroup, FailoverOrder } from '../../protocol/failover.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createOrderDesk } from './order-desk.ts';

const group = {
  ...{ id: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', group: 'mail' },
  ...{ owner: { node: 'mx1', number: 1, epoch: 7, since: 0 }, voters: [{ node: 'mx1' }] },
} as FailoverGroup;
const order: FailoverOrder = { do: { order: 'retime', leaseMs: 3000 }, reason: '', waitMs: 0 };
const result = { outcome: 'done', detail: '', output: '', startedAt: 0, endedAt: 1 } as const;

function deskThatAnswers(state: ActionAnswer['state']) {
  let orders = 0;
  let commands = 0;
  const records: AuditRecord[] = [];
  const writeAudit = vi.fn(async (record: AuditRecord) => void records.push(record));
  const events = { orderRecorded: vi.fn(), orderNotRecorded: vi.fn() };
  const run = async (node: string): Promise<ActionAnswer> => ({
    ...{ id: `c${++commands}`, node, state, detail: 'as it is', output: '' },
  });
  const newId = () => `o${++orders}`;
  const desk = createOrderDesk({ clock: systemClock, newId, desk: { run }, state: { writeAudit }, events });
  return { desk, records, writeAudit, events };
}

test('an order that was carried out is not said to be unsent because its record could not be completed', async () => {
  const { desk, records, writeAudit, events } = deskThatAnswers('done');
  writeAudit.mockImplementationOnce(async (record) => void records.push(record));
  writeAudit.mockRejectedValueOnce(new Error('disk full'));
  expect(await desk.run(group, order)).toMatchObject({ state: 'done' });
  expect(records.map(({ outcome }) => outcome)).toEqual(['asked']);
  expect(events.orderNotRecorded).toHaveBeenCalledWith(expect.objectContaining({ outcome: 'done' }), expect.any(Error));
});

test.each(['taken', 'unknown'] as const)('an order that is %s is completed when its end comes', async (state) => {
  const { desk, records } = deskThatAnswers(state);
  await desk.run(group, order);
  desk.resultCame('mx2', { id: 'c1', ...result });
  desk.resultCame('mx1', { id: 'of another', ...result });
  expect(records.map(({ outcome }) => outcome)).toEqual(['asked', state]);
  desk.resultCame('mx1', { id: 'c1', ...result });
  desk.resultCame('mx1', { id: 'c1', ...result });
  expect(records.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['o1', 'asked'],
    ['o1', state],
    ['o1', 'done'],
  ]);
});

test('as many orders are waited for as commands may be under way; the oldest is waited for no more', async () => {
  const { desk, records } = deskThatAnswers('taken');
  for (let at = 0; at <= actionLimits.pendingMax; at++) await desk.run(group, order);
  const before = records.length;
  desk.resultCame('mx1', { id: 'c1', ...result });
  expect(records).toHaveLength(before);
  desk.resultCame('mx1', { id: 'c2', ...result });
  expect(records.at(-1)).toMatchObject({ id: 'o2', outcome: 'done' });
});
