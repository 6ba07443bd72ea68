import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { labPaths } from '../../services/lab/lab-paths.ts';
import { findStanding } from '../../services/lab/what-stands.ts';
import { canaryReportSchema } from './answers.ts';
import { runLab, startLab, whyNoLab } from './lab-command.ts';
import { type MachinePicture, pictureMachine } from './machine-picture.ts';

// A lab that is real, serves mail, and leaves nothing: compared by mounts, links, routes, rules and processes, also after
// `kill -9` of the command at every kind of half-done. `LAB_KILLS=20` kills so often for each topology.

const lab = 'test';
const own = ['--name', lab, '--json'] as const;
const upSecondsMax = 60;
const memoryMiBMax = 3072;
const topologies = ['default', 'two-sites'] as const;
type Topology = (typeof topologies)[number];
/** Mount points and processes that the smaller of them has when it is up. */
const mountsFully = 30;
const processesFully = 75;
const noLab = await whyNoLab();

describe.skipIf(noLab !== undefined)('a lab', () => {
  let before: MachinePicture;
  beforeAll(async () => {
    await runLab('down', ...own);
    before = pictureMachine(lab);
  });
  afterAll(async () => {
    await runLab('down', ...own);
  });

  const expectNothingLeft = () => expect(pictureMachine(lab)).toEqual(before);

  test('comes up in time, within its memory, serves mail in every direction, and goes', async () => {
    const up = await runLab('up', '--page-port', '0', ...own);
    expect(up, up.stderr).toMatchObject({ status: 0 });
    const { ms, pageUrl } = z.object({ ms: z.number(), pageUrl: z.string() }).parse(JSON.parse(up.stdout));
    expect(ms).toBeLessThan(upSecondsMax * 1000);

    const links = pictureMachine(lab).links;
    expect(links, 'the machine itself gets no link').toEqual(before.links);
    expect((await fetch(new URL('/healthz', pageUrl))).status).toBe(200);

    const status = await runLab('status', ...own);
    const { ready, memoryMiB } = z
      .object({ ready: z.boolean(), memoryMiB: z.number() })
      .parse(JSON.parse(status.stdout));
    expect(ready, status.stdout).toBe(true);
    expect(memoryMiB).toBeLessThan(memoryMiBMax);

    const canary = await runLab('canary', '--count', '15', ...own);
    const report = canaryReportSchema.parse(JSON.parse(canary.stdout));
    expect(report, canary.stdout).toMatchObject({ sent: 15, delivered: 15, refused: 0, missing: 0, duplicated: 0 });
    expect(report.flags.seen).toBe(report.flags.set);
    expect(report.flags.set).toBeGreaterThan(0);

    const again = await runLab('up', '--page-port', '0', ...own);
    expect(again.status).toBe(3);
    expect(again.stderr).toContain('is there already');

    const exec = await runLab('exec', 'mx1', ...own, '--', 'sh', '-c', 'hostname; exit 7');
    expect(exec).toMatchObject({ status: 7, stdout: 'mx1\n' });

    expect(await runLab('down', ...own)).toMatchObject({ status: 0 });
    expectNothingLeft();
  });

  const killsFew = { default: 3, 'two-sites': 2 };
  const kills = topologies.flatMap((topology) =>
    killMoments(topology, Number(process.env.LAB_KILLS ?? killsFew[topology])),
  );

  test.each(kills)(
    '$topology leaves nothing when $command is killed at $mounts mounts and $processes processes',
    async ({ topology, command, ...moment }) => {
      const upArgs = ['up', '--topology', topology, '--page-port', '0', ...own];
      if (command === 'down') expect(await runLab(...upArgs)).toMatchObject({ status: 0 });
      const child = startLab(...(command === 'down' ? ['down', ...own] : upArgs));
      const { labPid } = await reach(child, command, moment);
      for (const pid of [labPid, child.pid]) if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expect(child.signalCode).toBe('SIGKILL'));
      const down = await runLab('down', ...own);
      expect(down, down.stderr).toMatchObject({ status: 0 });
      expectNothingLeft();
    },
  );
});

type Moment = { readonly mounts: number; readonly processes: number };
type Kill = Moment & { readonly topology: Topology; readonly command: 'up' | 'down' };

/** Spread over everything that `up` makes, mounts first and then processes; one in five is a kill of `down`. */
function killMoments(topology: Topology, count: number): readonly Kill[] {
  return Array.from({ length: count }, (_, index) => {
    if (index % 5 === 2)
      return {
        topology,
        command: 'down',
        mounts: mountsFully,
        processes: Math.round((processesFully * index) / count),
      };
    const share = (2 * (index + 1)) / (count + 1);
    return {
      topology,
      command: 'up',
      mounts: Math.max(1, Math.round(mountsFully * Math.min(1, share))),
      processes: Math.round(processesFully * Math.max(0, share - 1)),
    };
  });
}

/** Waits until the lab has grown, or been taken down, that far, and tells the pid of the process that does it. */
async function reach(
  child: ChildProcess,
  command: 'up' | 'down',
  moment: Moment,
): Promise<{ readonly labPid: number }> {
  return await vi.waitFor(
    () => {
      const labPid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);
      expect(labPid).toBeGreaterThan(0);
      const { mounts, processes } = findStanding(labPaths(lab));
      if (command === 'up') {
        expect(mounts.length).toBeGreaterThanOrEqual(moment.mounts);
        expect(processes.length).toBeGreaterThanOrEqual(moment.processes);
      } else expect(processes.length).toBeLessThanOrEqual(moment.processes);
      return { labPid };
    },
    { timeout: 60_000, interval: 5 },
  );
}
