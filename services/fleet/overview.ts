// The one sentence at the top of the console: the state of mail, decided from what the fleet and the log tell.
import type { Overview } from '../protocol/api.ts';
import type { NodeState } from '../protocol/live.ts';

export type OverviewPolicy = {
  /** A share of recipients above this, and at least `attemptsMin` of them, is worth a word. */
  readonly deferredShare: number;
  readonly bouncedShare: number;
  readonly attemptsMin: number;
};
export const defaultOverviewPolicy: OverviewPolicy = { deferredShare: 0.25, bouncedShare: 0.25, attemptsMin: 20 };

export type SentenceInput = {
  readonly nodes: readonly NodeState[];
  /** Over the overview's window. */
  readonly totals: Overview['totals'];
  /** Lines of any kind stored in the window. */
  readonly lines: number;
};

/**
 * Code, severity and what the sentence speaks of; the console writes it out in its reader's language. The first row that
 * holds wins, the worst first:
 * `no-nodes` {} · `nothing-heard` {nodes} · `nodes-degraded` {degraded, nodes, node} · `deferring` {deferred, percent} ·
 * `bouncing` {bounced, percent} · `no-mail` {nodes} · `mail-flows` {nodes, delivered}.
 */
export function decideSentence(input: SentenceInput, policy: OverviewPolicy): Overview['sentence'] {
  const { nodes, totals, lines } = input;
  if (nodes.length === 0) return { code: 'no-nodes', severity: 'unknown', args: {} };
  const silent = nodes.filter((node) => node.state !== 'up');
  if (silent.length === nodes.length && silent.some((node) => node.state === 'down'))
    return { code: 'nothing-heard', severity: 'unknown', args: { nodes: nodes.length } };
  const [first] = silent;
  if (first !== undefined) {
    const args = { degraded: silent.length, nodes: nodes.length, node: first.node };
    return { code: 'nodes-degraded', severity: 'degraded', args };
  }
  const attempts = totals.delivered + totals.deferred + totals.bounced;
  if (attempts >= policy.attemptsMin) {
    if (totals.deferred > policy.deferredShare * attempts)
      return {
        code: 'deferring',
        severity: 'degraded',
        args: { deferred: totals.deferred, percent: percent(totals.deferred, attempts) },
      };
    if (totals.bounced > policy.bouncedShare * attempts)
      return {
        code: 'bouncing',
        severity: 'degraded',
        args: { bounced: totals.bounced, percent: percent(totals.bounced, attempts) },
      };
  }
  if (lines === 0 || totals.accepted + attempts === 0)
    return { code: 'no-mail', severity: 'ok', args: { nodes: nodes.length } };
  return { code: 'mail-flows', severity: 'ok', args: { nodes: nodes.length, delivered: totals.delivered } };
}

const percent = (part: number, whole: number): number => Math.round((100 * part) / whole);

/** Step of a chart over `windowMs`: the shortest of a fixed ladder that gives at most 120 points. */
export function chooseStepMs(windowMs: number): number {
  const pointsMax = 120;
  return (
    stepLadderMs.find((stepMs) => windowMs / stepMs <= pointsMax) ?? stepLadderMs[stepLadderMs.length - 1] ?? windowMs
  );
}
const minuteMs = 60_000;
const stepLadderMs = [1, 5, 15, 60, 360, 1440, 10_080].map((minutes) => minutes * minuteMs);
