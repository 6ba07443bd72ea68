import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { canaryReportSchema } from './answers.ts';
import { runLab, startLab, whyNoLab } from './lab-command.ts';
import { type MachinePicture, pictureMachine } from './machine-picture.ts';

// A lab that is real, serves mail, and leaves nothing: compared by mounts, links, rules, namespaces and processes, also
// after `kill -9` of the command at every kind of half-done.

const lab = 'test';
const own = ['--name', lab, '--json'] as const;
const upSecondsMax = 60;
const memoryMiBMax = 3072;
const killsFully = 20;
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

  /** Mount points that a lab has by then, spread over all that `up` makes. */
  const kills = process.env.LAB_KILLS === undefined ? 5 : Math.min(killsFully, Number(process.env.LAB_KILLS));
  const moments = Array.from({ length: kills }, (_, index) => 1 + Math.round((index * 30) / Math.max(1, kills - 1)));

  test.each(moments)('leaves nothing when the command is killed at mount %i', async (mounts) => {
    const command = startLab('up', '--page-port', '0', ...own);
    const { labPid } = await reach(command, mounts);
    for (const pid of [labPid, command.pid]) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(command.signalCode).toBe('SIGKILL'));
    const down = await runLab('down', ...own);
    expect(down, down.stderr).toMatchObject({ status: 0 });
    expectNothingLeft();
  });
});

/** Waits until the lab has that many mounts, and tells the pid of the process that makes them. */
async function reach(command: ChildProcess, mounts: number): Promise<{ readonly labPid: number }> {
  return await vi.waitFor(
    () => {
      const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
      const count = lines.filter((line) => line.includes(`/run/mailward-lab/${lab}/`)).length;
      expect(count).toBeGreaterThanOrEqual(mounts);
      const children = readFileSync(`/proc/${command.pid}/task/${command.pid}/children`, 'utf8').trim().split(' ');
      return { labPid: Number(children[0]) };
    },
    { timeout: 60_000, interval: 2 },
  );
}
