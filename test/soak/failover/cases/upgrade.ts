// A rolling upgrade: every agent is restarted in turn, then every lease process, hard and within its lease, the owner's too.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LeaseNode } from '../../../lease/lease-cluster.ts';
import { until } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type PlayedCase, runCase } from '../case.ts';
import { live, type World } from '../world.ts';

const agentMain = join(import.meta.dirname, '..', '..', '..', '..', 'services', 'agent', 'main.ts');
/** Long enough for a restart of the process on a busy machine. */
const advertMsMin = 1000;

export const runUpgrade = (options: CaseOptions): Promise<PlayedCase> => {
  const advertMs = Math.max(advertMsMin, options.advertMs);
  return runCase('upgrade', options, { advertMs, voters: 3 }, async (group, expect) => {
    const holder = await group.holder();
    const { epoch } = await holder.status();
    const pids = group.nodes.map((node) => node.pid());
    const agents = new Map<LeaseNode, ChildProcess>();
    try {
      for (const node of group.nodes) agents.set(node, await startAgent(options.world, node));
      for (const [node, agent] of agents) {
        await end(agent, node === holder ? 'SIGKILL' : 'SIGTERM');
        agents.set(node, await startAgent(options.world, node));
      }
      const isSame = group.nodes.every((node, index) => node.pid() === pids[index]);
      expect(isSame, 'the restart of an agent ended a lease process');
      expect((await holder.status()).epoch === epoch, 'the owner was elected anew while agents were restarted');
      // What is left of a lease at worst when its process is killed: an advert is due just then.
      const { holdMs } = (await holder.status()).terms;
      const withinMs = holdMs - advertMs;
      let [slowestMs, late] = [0, 0];
      for (const node of group.nodes) {
        // As a package does: everything of the node is stopped, and started again in its new version.
        const agent = agents.get(node);
        if (agent !== undefined) await end(agent, 'SIGTERM');
        const startedAt = performance.now();
        node.kill('SIGKILL');
        await node.ended();
        await node.start();
        const tookMs = performance.now() - startedAt;
        slowestMs = Math.max(slowestMs, tookMs);
        if (tookMs > withinMs) late += 1;
        agents.set(node, await startAgent(options.world, node));
        await until('it is heard again', async () =>
          (await (await group.holder()).status()).peers.every((peer) => peer.hearsUs) ? true : undefined,
        );
      }
      const isKept = (await holder.status()).epoch === epoch;
      expect(isKept || late > 0, 'the owner did not keep its lease through a restart within it');
      await live(group.leaseMs);
      const slowestRestartMs = Math.round(slowestMs);
      const outcome = isKept
        ? 'the owner kept the address under one epoch'
        : `the machine was too slow for that (${slowestRestartMs} ms), and the address moved`;
      return {
        sentence: `Each agent was restarted, the owner's by a kill, then once more with its lease process, to be back within its lease: ${outcome}.`,
        ...{ movesMax: late, figures: { agentRestarts: 6, leaseRestarts: 3, late, slowestRestartMs } },
      };
    } finally {
      for (const agent of agents.values()) await end(agent, 'SIGKILL');
    }
  });
};

function startAgent(world: World, node: LeaseNode): Promise<ChildProcess> {
  const file = join(node.folder, 'agent.yaml');
  const content = {
    ...{ node: `mx${node.number}`, files: [join(node.folder, 'mail.log')], dataDir: join(node.folder, 'agent') },
    ...{ metrics: { port: 0 }, logLevel: 'error' },
    lease: { config: join(node.folder, 'lease.yaml'), socket: join(node.folder, 'run', 'status.sock') },
  };
  writeFileSync(file, JSON.stringify(content));
  return world.spawnOn(node.number, agentMain, ['--config', file, '--control', 'http://127.0.0.1:9']);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
