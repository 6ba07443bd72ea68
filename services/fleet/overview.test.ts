import { expect, test } from 'vitest';
import type { NodeState } from '../protocol/live.ts';
import { chooseStepMs, decideSentence, defaultOverviewPolicy as policy, type SentenceInput } from './overview.ts';

const node = (name: string, state: NodeState['state'] = 'up'): NodeState => ({
  ...{ node: name, state, sentence: '', version: '', mode: 'observe-only', lastHeardAt: 0, lagBytes: 0, sources: 1 },
});
const calm = { accepted: 100, delivered: 90, deferred: 5, bounced: 5, rejected: 1000 };

test.each<[string, Partial<SentenceInput>, string, string, object]>([
  ['no node', { nodes: [] }, 'no-nodes', 'unknown', {}],
  ['every node down', { nodes: [node('a', 'down')] }, 'nothing-heard', 'unknown', { nodes: 1 }],
  ['stale and down', { nodes: [node('a', 'stale'), node('b', 'down')] }, 'nothing-heard', 'unknown', { nodes: 2 }],
  ['only stale', { nodes: [node('a', 'stale')] }, 'nodes-degraded', 'degraded', { degraded: 1, nodes: 1, node: 'a' }],
  [
    'one of two',
    { nodes: [node('a'), node('b', 'down')] },
    'nodes-degraded',
    'degraded',
    { degraded: 1, nodes: 2, node: 'b' },
  ],
  ['calm', {}, 'mail-flows', 'ok', { nodes: 2, delivered: 90 }],
  ['many deferred', { totals: { ...calm, deferred: 40 } }, 'deferring', 'degraded', { deferred: 40, percent: 30 }],
  ['many bounced', { totals: { ...calm, bounced: 40 } }, 'bouncing', 'degraded', { bounced: 40, percent: 30 }],
  [
    'a share at its limit',
    { totals: { ...calm, delivered: 75, deferred: 25, bounced: 0 } },
    'mail-flows',
    'ok',
    { delivered: 75 },
  ],
  ['too few to tell', { totals: { ...calm, delivered: 0, deferred: 19, bounced: 0 } }, 'mail-flows', 'ok', {}],
  [
    'just enough to tell',
    { totals: { ...calm, delivered: 0, deferred: 20, bounced: 0 } },
    'deferring',
    'degraded',
    { percent: 100 },
  ],
  ['no line', { lines: 0 }, 'no-mail', 'ok', { nodes: 2 }],
  [
    'lines without mail',
    { totals: { accepted: 0, delivered: 0, deferred: 0, bounced: 0, rejected: 3 } },
    'no-mail',
    'ok',
    {},
  ],
])('%s', (_what, parts, code, severity, args) => {
  const sentence = decideSentence({ nodes: [node('a'), node('b')], totals: calm, lines: 500, ...parts }, policy);
  expect(sentence).toMatchObject({ code, severity, args });
});

test.each([
  [60_000, 60_000],
  [3_600_000, 60_000],
  [2 * 3_600_000, 60_000],
  [24 * 3_600_000, 900_000],
  [30 * 24 * 3_600_000, 21_600_000],
  [10 ** 13, 7 * 24 * 3_600_000],
])('a window of %i ms is drawn in steps of %i ms', (windowMs, stepMs) => {
  expect(chooseStepMs(windowMs)).toBe(stepMs);
});
