// The lease becomes longer while datagrams are lost and the machine is busy. lease.md rule 6.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { until } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type PlayedCase, runCase } from '../case.ts';
import { live } from '../world.ts';

const share = 0.05;
const retimeWithinMs = 30_000;

export const runRetime = (options: CaseOptions): Promise<PlayedCase> =>
  runCase('retime', options, { advertMs: options.advertMs, voters: 3 }, async (group, expect) => {
    const holder = await group.holder();
    const { epoch, set } = await holder.status();
    const leaseMs = set.leaseMs + 2 * options.advertMs;
    options.world.cuts.lose(share);
    const load = Array.from({ length: availableParallelism() }, () =>
      spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
    );
    let orders = 0;
    try {
      await until(
        'T has grown on every voter',
        async () => {
          const found = await Promise.all(group.nodes.map((node) => node.status()));
          if (found.every((status) => status.set.leaseMs === leaseMs)) return true;
          orders += 1;
          await group.failover(holder, 'retime', String(leaseMs));
          return undefined;
        },
        retimeWithinMs,
      ).catch((error: unknown) => expect(false, String(error)));
      await live(2 * leaseMs);
    } finally {
      for (const child of load) child.kill('SIGKILL');
    }
    options.world.cuts.lose(0);
    const status = await holder.status();
    expect(status.epoch === epoch, 'the owner was elected anew');
    expect(status.coldStartMs > leaseMs, `the bound of a cold start is still that of before: ${status.coldStartMs} ms`);
    const shorter = await group.failover(holder, 'retime', String(set.leaseMs));
    expect(!shorter.isDone && shorter.text.startsWith('Refused'), `a shorter T was taken: ${shorter.text}`);
    return {
      sentence: `T went from ${set.leaseMs} to ${leaseMs} ms in two steps on a busy machine that lost ${share * 100} % of the datagrams, and the owner kept its lease.`,
      ...{ movesMax: 0, figures: { orders, leaseMsBefore: set.leaseMs, leaseMs } },
    };
  });
