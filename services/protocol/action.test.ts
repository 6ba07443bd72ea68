import { expect, test } from 'vitest';
import { actionRequestSchema, actionSchema } from './action.ts';

const order = { action: 'lease-order', parameters: { order: 'remove-voter', group: 'mail', voter: 3 } };

test('an order to a lease group is a command, and none that is taken past the record of orders', () => {
  expect(actionSchema.safeParse(order).success).toBe(true);
  expect(actionRequestSchema.safeParse({ do: order }).success).toBe(false);
  const heal = { action: 'fault-heal', parameters: { fault: 'rspamd-killed' } };
  expect(actionRequestSchema.parse({ do: heal }).do).toEqual(heal);
});
