import { expect, test, vi } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import { createForgetNode } from './forget-node.ts';

function forgetting(isSilent: boolean, fault?: AppError) {
  const failover = { isSilent: () => isSilent, forgetNode: vi.fn(async (_node: string) => {}) };
  const forget = async () => {
    if (fault !== undefined) throw fault;
  };
  return { failover, forgetNode: createForgetNode({ fleet: { forget }, failover }) };
}
const unknown = new AppError('not-found', 'No node is known.');
const alive = new AppError('node-alive', 'The agent is connected.');
const broken = new AppError('store-failed', 'disk full');

test.each([
  ['a node that is gone', undefined, false],
  ['a witness without an agent, silent', unknown, true],
  ['a connected agent whose lease process is no more', alive, true],
])('%s is forgotten', async (_what, fault, isSilent) => {
  const { failover, forgetNode } = forgetting(isSilent, fault);
  await forgetNode('w');
  expect(failover.forgetNode).toHaveBeenCalledWith('w');
});

test.each([
  ['nobody knows', unknown, false],
  ['speaks still', alive, false],
  ['cannot be forgotten on disk', broken, true],
])('a node that %s is refused, and nothing is forgotten', async (_what, fault, isSilent) => {
  const { failover, forgetNode } = forgetting(isSilent, fault);
  await expect(forgetNode('w')).rejects.toBe(fault);
  expect(failover.forgetNode).not.toHaveBeenCalled();
});
