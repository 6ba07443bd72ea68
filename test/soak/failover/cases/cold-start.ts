// All voters start at once: an owner within what status prints, M + skew + poll. lease.md rule 15.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { quorumOf } from '../../../../services/failover/lease/terms.ts';
import type { LeaseNode } from '../../../lease/lease-cluster.ts';
import { until } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type PlayedCase, runCase } from '../case.ts';
import type { Group } from '../world.ts';

/** What a busy machine takes beyond, for timers that come late. */
const busyMs = 100;

export const runColdStart = (options: CaseOptions): Promise<PlayedCase> =>
  runCase('cold-start', options, { advertMs: options.advertMs, voters: 3, witnesses: [3] }, async (group, expect) => {
    const statuses = await Promise.all(group.nodes.map((node) => node.status()));
    const printedMsBy = new Map(statuses.map((status) => [status.self, status.coldStartMs]));
    const { text } = await group.failover(group.node(1), 'status');
    expect(text.includes('cold start '), 'status does not print the bound');
    const restart = await restartAll(group, () => {});
    // Nothing of /run is left, as after a boot of every machine.
    const boot = await restartAll(group, (node) => rmSync(join(node.folder, 'run', 'mail.run'), { force: true }));
    for (const [what, { owner, tookMs }] of Object.entries({ restart, boot })) {
      const printedMs = printedMsBy.get(owner) ?? 0;
      options.say(`${what} of all voters: mx${owner} owned after ${tookMs} ms; it printed ${printedMs} ms`);
      expect(tookMs <= printedMs + busyMs, `after the ${what} of all voters an owner took ${tookMs} ms`);
    }
    const printedMs = printedMsBy.get(boot.owner) ?? 0;
    return {
      sentence: `All voters were killed and started at once, and once more as after a boot: an owner was found within the printed ${printedMs} ms.`,
      ...{ movesMax: 2, figures: { printedMs, restartMs: restart.tookMs, bootMs: boot.tookMs } },
    };
  });

/** Kills and starts all; from the start of the second of three, a majority, to an owner, by what the processes log. */
async function restartAll(
  group: Group,
  between: (node: LeaseNode) => void,
): Promise<{ readonly owner: number; readonly tookMs: number }> {
  for (const node of group.nodes) node.kill('SIGKILL');
  await Promise.all(group.nodes.map((node) => node.ended()));
  for (const node of group.nodes) between(node);
  const began = Date.now();
  await Promise.all(group.nodes.map((node) => node.start()));
  await group.holder();
  return until('the start and the owner are in the logs', async () => {
    const starts = group.nodes.flatMap((node) => timesOf(node, '"the group runs;', began)).sort((a, b) => a - b);
    const wins = group.nodes.flatMap((node) =>
      timesOf(node, '"role":"holding"', began).map((at) => ({ owner: node.number, at })),
    );
    const [first] = wins.sort((a, b) => a.at - b.at);
    if (starts.length < group.nodes.length || first === undefined) return undefined;
    return { owner: first.owner, tookMs: Math.max(0, first.at - (starts[quorumOf(starts.length) - 1] ?? 0)) };
  });
}

const timesOf = (node: LeaseNode, words: string, since: number): number[] =>
  node
    .log()
    .split('\n')
    .filter((line) => line.includes(words))
    .map((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ''))
    .filter((time) => time >= since);
