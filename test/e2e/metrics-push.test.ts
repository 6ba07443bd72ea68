// The samples of a real agent in a real control: pushed, kept over kills of either, answered by step; and what retention says.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seriesAnswerSchema, seriesNamesSchema } from '../../services/protocol/series.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

const main = join(import.meta.dirname, '../../services/cli/main.ts');
const inTime = { timeout: 30_000, interval: 100 };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-push-'));
  mkdirSync(join(folder, 'log'));
  writeFileSync(join(folder, 'log', 'mail.log'), '');
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const startControl = (port = 0) =>
  startProcess('control', ['--port', String(port), '--data-dir', join(folder, 'control')]);

function startAgent(control: RealProcess): Promise<RealProcess> {
  const config = join(folder, 'agent.yaml');
  const yaml = {
    ...{ node: 'mx1', control: control.url, files: [join(folder, 'log', 'mail.log')], dataDir: join(folder, 'agent') },
    metrics: { port: 0, push: { cadenceMs: 1000 } },
  };
  writeFileSync(config, JSON.stringify(yaml));
  return startProcess('agent', ['--config', config]);
}

async function read(control: RealProcess, query: string) {
  const answer = await fetch(`${control.url}/api/v1/series?${query}`);
  return seriesAnswerSchema.parse(await answer.json());
}

/** Scrapes of which control has kept a value, told by a counter that the agent itself counts them with. */
async function lastOf(control: RealProcess, name: string): Promise<number> {
  const { series } = await read(control, `name=${name}&stepMs=60000&function=max`);
  return Math.max(-1, ...series.flatMap(({ values }) => values.map((value) => value ?? -1)));
}

test('what an agent measures is answered by control, over a kill of either', async () => {
  let control = await startControl();
  const agent = await startAgent(control);
  await expect.poll(() => lastOf(control, 'mailward_agent_scrapes_total'), inTime).toBeGreaterThan(1);
  const names = seriesNamesSchema.parse(await (await fetch(`${control.url}/api/v1/series/names`)).json());
  expect(names.names).toContainEqual({ name: 'mailward_build_info', kind: 'gauge', series: 1, nodes: 1 });
  expect(names.names.length).toBeGreaterThan(20);

  const { port } = control;
  await control.end('SIGKILL');
  const metrics = async () => (await fetch(`${agent.url}/metrics`)).text();
  await expect.poll(metrics, inTime).toMatch(/mailward_agent_scrapes_waiting [2-9]/);
  control = await startControl(port);
  await expect.poll(metrics, inTime).toMatch(/mailward_agent_scrapes_waiting [01]\n/);
  expect(await metrics()).toContain('mailward_agent_scrapes_dropped_total 0');
  const before = await lastOf(control, 'mailward_agent_scrapes_total');
  const text = await (await fetch(`${control.url}/metrics`)).text();
  expect(text, 'nothing is missing between the scrapes').not.toMatch(/mailward_series_missed_scrapes_total\{/);

  await agent.end('SIGKILL');
  const again = await startAgent(control);
  await expect.poll(() => lastOf(control, 'mailward_agent_scrapes_total'), inTime).toBeGreaterThanOrEqual(before);
  const rate = 'name=mailward_agent_scrapes_total&match=result=stored&match=node=mx1&stepMs=60000&function=rate';
  // A counter that began anew with the agent did not fall: no rate is below zero.
  const { series, completeness } = await read(control, rate);
  const known = series.flatMap(({ values }) => values).filter((value) => value !== null);
  expect(known.length).toBeGreaterThan(0);
  for (const value of known) expect(value).toBeGreaterThanOrEqual(0);
  expect(completeness).toMatchObject({ complete: false });
  await again.end('SIGTERM');
});

test('`mailward retention` shows the table of a running control', async () => {
  const control = await startControl();
  const run = (...more: string[]) =>
    promisify(execFile)(process.execPath, [main, 'retention', '--url', control.url, ...more]).then(
      ({ stdout }) => stdout,
    );
  const text = await run();
  expect(text).toMatch(/^lines +184 +184–3650 /m);
  expect(text).toMatch(/^stories +180 +1–180 /m);
  expect(text).toContain('Nothing has been removed yet.');
  const answer = JSON.parse(await run('--json'));
  expect(answer).toMatchObject({ at: '17 3 * * *', removals: [], warnings: [] });
  expect(answer.storeBytes).toBeGreaterThan(0);
});
