import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { infectedWords } from '../../services/lab/roles/antivirus.ts';
import { storyPageSchema } from '../../services/protocol/api.ts';
import { labCheckSchema, labRunSchema, labSampleSchema } from '../../services/protocol/lab-run.ts';
import { runLab, whyNoLab } from './lab-command.ts';

// What the lab says about its own mail, how its faults reach a host, and what it writes down: on real daemons.

const own = ['--name', 'record', '--json'] as const;
const noLab = await whyNoLab();
const checkSchema = z.object({
  messages: z.number(),
  found: z.number(),
  rightFate: z.number(),
  byCommand: z.object({ asked: z.number(), found: z.number() }),
  canaries: z.object({ sent: z.number(), delivered: z.number(), lost: z.number() }),
});
const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe.skipIf(noLab !== undefined)('a lab at work', () => {
  let out: string;
  let pageUrl: string;
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'lab-runs-'));
    await runLab('down', ...own);
    const up = await runLab('up', '--topology', 'pair', '--page-port', '0', ...own);
    expect(up).toMatchObject({ status: 0 });
    pageUrl = z.object({ pageUrl: z.string() }).parse(JSON.parse(up.stdout)).pageUrl;
  });
  afterAll(async () => {
    await runLab('down', ...own);
    rmSync(out, { recursive: true, force: true });
  });

  test('every message of a run is found with its right fate, and every canary is accounted for', async () => {
    const answer = await runLab('traffic', '--users', '40', '--rate', '5', '--seconds', '8', '--check', ...own);
    const { messages, found, rightFate, byCommand, canaries } = checkSchema.parse(JSON.parse(answer.stdout));
    expect(messages).toBeGreaterThan(15);
    expect({ found, rightFate }, answer.stdout).toEqual({ found: messages, rightFate: messages });
    expect(byCommand.found).toBe(byCommand.asked);
    expect(canaries.delivered, answer.stdout).toBe(canaries.sent);
    expect(answer.status).toBe(0);
  });

  test('what holds the signature of the lab is refused in the words of ClamAV, and its story says so', async () => {
    const words = 'infected by Mailward.Lab.Test.UNOFFICIAL';
    const recipient = 'u7@lab.test';
    const mail = ['--server', 'mx1.lab.test', '--from', 'stranger@accept.test', '--to', recipient];
    const answer = await runLab('exec', 'client', ...own, '--', 'swaks', ...mail, '--body', infectedWords);
    expect(answer.stdout).toContain(`550 5.7.1 ${words}`);
    const question = new URLSearchParams({ q: `to:${recipient}`, fate: 'rejected' });
    await vi.waitFor(
      async () => {
        const page = await (await fetch(new URL(`/api/v1/stories?${question}`, pageUrl))).json();
        expect(storyPageSchema.parse(page).items.map(({ reason }) => reason)).toContain(words);
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  test('a fault is recorded with its truth; the agent of the host executed it, and mended it', async () => {
    const args = [
      'record',
      '--faults',
      'rspamd-killed',
      '--out',
      out,
      '--users',
      '10',
      '--rate',
      '2',
      '--log-kib',
      '16',
    ];
    const answer = await runLab(...args, ...own);
    expect(answer, answer.stdout).toMatchObject({ status: 0 });
    const folder = join(out, 'rspamd-killed');
    const run = labRunSchema.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
    expect(run).toMatchObject({
      counts: true,
      truth: { hosts: ['mx1'], failureModes: ['rs-down', 'pf-milter-connect-fail'] },
    });
    expect(run.signal.during.detail).toMatch(/451|4\.7\.1/);
    for (const { path, kept } of run.logs) {
      expect(kept).toBeLessThanOrEqual(16 * 1024);
      expect(readFileSync(join(folder, path)).length).toBe(kept);
    }
    expect(run.logs.map(({ path }) => path)).toContain('logs/mx1/mail.log');
    expect(linesOf(join(folder, run.checks)).map((line) => labCheckSchema.parse(line).ok)).toContain(false);
    const [metrics] = run.metrics;
    const samples = linesOf(join(folder, metrics?.path ?? '')).map((line) => labSampleSchema.parse(line));
    expect(samples.length).toBeGreaterThan(2);

    const scrape = await runLab('exec', 'mx1', ...own, '--', 'curl', '-s', 'http://127.0.0.1:9154/metrics');
    expect(scrape.stdout).toContain('mailward_agent_actions_total{action="fault-inject",outcome="done"} 1');
    expect(scrape.stdout).toContain('mailward_agent_actions_total{action="fault-heal",outcome="done"} 1');
    const again = z.object({ recorded: z.number(), present: z.number() });
    expect(again.parse(JSON.parse((await runLab(...args, ...own)).stdout))).toEqual({ recorded: 0, present: 1 });
    expect(existsSync(join(out, 'rspamd-killed.part'))).toBe(false);
  });
});
