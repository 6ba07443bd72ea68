import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { runLab, whyNoLab } from './lab-command.ts';

// Faults in a real lab: each bites by what a user meets, is mended, and the host mends itself when nobody else does.

const own = ['--name', 'faults', '--json'] as const;
const noLab = await whyNoLab();
const verifySchema = z.object({
  faults: z.number(),
  verified: z.number(),
  leftOn: z.number(),
  impossible: z.array(z.object({ id: z.string(), reason: z.string() })),
  verdicts: z.array(z.object({ id: z.string(), verified: z.boolean(), detail: z.string() })),
});

describe.skipIf(noLab !== undefined)('faults', () => {
  beforeAll(async () => {
    await runLab('down', ...own);
    expect(await runLab('up', '--topology', 'pair', '--page-port', '0', ...own)).toMatchObject({ status: 0 });
  });
  afterAll(async () => {
    await runLab('down', ...own);
  });

  test('four of four families bite, are healed, and none is left on', async () => {
    const ids = ['postfix-master-killed', 'queue-full', 'clamd-killed', 'provider-blocked'];
    const answer = await runLab('fault', 'verify', ...ids, ...own);
    const report = verifySchema.parse(JSON.parse(answer.stdout));
    expect(report, answer.stdout).toMatchObject({ faults: 4, verified: 4, leftOn: 0 });
    expect(answer.status).toBe(0);
  });

  test('what this topology has not got is impossible with its reason, and does not count', async () => {
    const answer = await runLab('fault', 'verify', 'databases-killed', ...own);
    const report = verifySchema.parse(JSON.parse(answer.stdout));
    expect(report.faults).toBe(0);
    expect(report.impossible).toContainEqual({ id: 'databases-killed', reason: 'This topology has no database.' });
  });

  test('a host mends itself when its time is over, with the command gone and control dead', async () => {
    expect(
      await runLab('exec', 'control', ...own, '--', 'pkill', '-9', '-f', 'services/control/main.ts'),
    ).toMatchObject({ status: 0 });
    expect(await runLab('fault', 'inject', 'smtp-port-blocked', '--ttl', '4', ...own)).toMatchObject({ status: 0 });
    const blocked = await runLab('exec', 'mx1', ...own, '--', 'nft', 'list', 'tables');
    expect(blocked.stdout).toContain('fault_smtp_port_blocked');
    await vi.waitFor(
      async () => {
        const tables = await runLab('exec', 'mx1', ...own, '--', 'nft', 'list', 'tables');
        expect(tables.stdout).not.toContain('fault_');
      },
      { timeout: 20_000, interval: 500 },
    );
    const healed = await runLab('fault', 'heal', '--all', ...own);
    expect(JSON.parse(healed.stdout)).toEqual({ healed: [] });
  });
});
