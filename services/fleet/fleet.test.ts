import { expect, test } from 'vitest';
import type { Heartbeat, Hello } from '../protocol/live.ts';
import { nodeStateSchema } from '../protocol/live.ts';
import { protocolVersion } from '../protocol/version.ts';
import {
  emptyFleet,
  type FleetReport,
  fleetLimits,
  fold,
  forgetNode,
  knownNodes,
  defaultFleetPolicy as policy,
  readFleet,
  recallFleet,
} from './fleet.ts';

const start = Date.UTC(2026, 10, 22, 12);
const hello = (node: string, at: number): FleetReport => {
  const said: Hello = {
    ...{ protocolVersion, node, version: '0.1.0', mode: 'observe-only', startedMs: at, pid: 1 },
    ...{ metricsPort: 9154, timeZone: 'UTC' },
  };
  return { kind: 'hello', at, hello: said };
};
const source = (ackedOffset: number, sizeBytes: number): Heartbeat['sources'][number] => ({
  ...{ sourceId: 'a', path: '/log', readOffset: ackedOffset, ackedOffset, sizeBytes, linesRead: 1 },
});
const beat = (node: string, at: number, sources = [source(10, 10)]): FleetReport => ({
  kind: 'heartbeat',
  at,
  heartbeat: { node, sentMs: at, sources },
});
const batch = (node: string, at: number): FleetReport => ({ kind: 'batch', at, node });
const disconnect = (node: string, at: number): FleetReport => ({ kind: 'disconnect', at, node });
const foldAll = (reports: readonly FleetReport[]) => reports.reduce(fold, emptyFleet);

const { staleAfterMs, downAfterMs, lagBytesNoted } = policy;
test.each<[string, FleetReport[], number, string, string]>([
  ['said hello', [hello('mx1', start)], 0, 'up', 'agent-starting'],
  ['beats', [hello('mx1', start), beat('mx1', start)], 0, 'up', 'agent-in-step'],
  ['beats without files', [hello('mx1', start), beat('mx1', start, [])], 0, 'up', 'agent-no-sources'],
  ['is behind', [hello('mx1', start), beat('mx1', start, [source(0, lagBytesNoted + 1)])], 0, 'up', 'agent-behind'],
  ['is silent, a moment short of stale', [hello('mx1', start)], staleAfterMs - 1, 'up', 'agent-starting'],
  ['is silent', [hello('mx1', start)], staleAfterMs, 'stale', 'agent-silent'],
  ['is silent for long', [hello('mx1', start)], downAfterMs, 'down', 'agent-silent'],
  ['has disconnected', [hello('mx1', start), disconnect('mx1', start)], 0, 'stale', 'agent-disconnected'],
  ['is gone', [hello('mx1', start), disconnect('mx1', start)], downAfterMs, 'down', 'agent-disconnected'],
  ['is back', [hello('mx1', start), disconnect('mx1', start), hello('mx1', start + 1)], 1, 'up', 'agent-starting'],
  ['only posts batches', [batch('mx1', start)], 0, 'stale', 'agent-disconnected'],
  [
    'posts while its beats are lost',
    [hello('mx1', start), batch('mx1', start + staleAfterMs)],
    staleAfterMs,
    'up',
    'agent-starting',
  ],
  [
    'is heard out of order',
    [beat('mx1', start), beat('mx1', start - 9000)],
    staleAfterMs - 1,
    'stale',
    'agent-disconnected',
  ],
])('a node that %s', (_what, reports, afterMs, state, code) => {
  const [node] = readFleet(foldAll(reports), start + afterMs, policy);
  expect(node).toMatchObject({ node: 'mx1', state, reason: { code } });
  expect(nodeStateSchema.shape.sentence.parse(node?.sentence)).toMatch(/^The agent is .*\.$/);
});

test('nodes come by name, with what is behind summed over their files', () => {
  const fleet = foldAll([
    hello('mx2', start),
    hello('mx1', start),
    beat('mx2', start, [source(1, 4), source(5, 2), source(0, 7)]),
  ]);
  expect(readFleet(fleet, start, policy).map(({ node, lagBytes, sources }) => [node, lagBytes, sources])).toEqual([
    ['mx1', 0, 0],
    ['mx2', 10, 3],
  ]);
});

test('a disconnect of somebody unknown is no node, and invented names push out the longest unheard', () => {
  expect(fold(emptyFleet, disconnect('ghost', start))).toBe(emptyFleet);
  const many = Array.from({ length: fleetLimits.nodesMax + 1 }, (_, no) => batch(`n${no}`, start + no));
  const { nodes } = foldAll(many);
  expect(nodes.size).toBe(fleetLimits.nodesMax);
  expect([nodes.has('n0'), nodes.has('n1'), nodes.has(`n${fleetLimits.nodesMax}`)]).toEqual([false, true, true]);
});

test('a node of an earlier run is missed until it is heard or forgotten', () => {
  const before = foldAll([hello('mx1', start), hello('mx2', start)]);
  const recalled = recallFleet(emptyFleet, knownNodes(before));
  const states = (fleet: typeof recalled, afterMs: number) =>
    readFleet(fleet, start + afterMs, policy).map(({ node, state, reason }) => [node, state, reason?.code]);
  expect(states(recalled, 1)).toEqual([
    ['mx1', 'stale', 'agent-disconnected'],
    ['mx2', 'stale', 'agent-disconnected'],
  ]);
  expect(states(recalled, downAfterMs)[0]).toEqual(['mx1', 'down', 'agent-disconnected']);
  const heard = fold(recalled, hello('mx1', start + downAfterMs));
  expect(states(forgetNode(heard, 'mx2'), downAfterMs)).toEqual([['mx1', 'up', 'agent-starting']]);
  expect(states(fold(forgetNode(heard, 'mx2'), batch('mx2', start + downAfterMs)), downAfterMs)).toHaveLength(2);
});
