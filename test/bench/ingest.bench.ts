// How many lines a second go through a real agent process, the network and the store until they are queryable as stories?
// A log of millions of lines lies there when the agent starts; pages are asked for meanwhile, and in the end every line is
// counted in the store.
import { execFile } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { askOperator } from '../../services/cli/ask-operator.ts';
import { tokenMadeSchema } from '../../services/protocol/trust.ts';
import type { CompletenessWire, StoryPageWire } from '../../services/protocol/wire.ts';
import { endAll, startProcess } from '../e2e/real-process.ts';
import { generateDefaults, generateLog } from './generate-log.ts';
import { compareLines, createLineMultiset } from './line-multiset.ts';
import { cpuSeconds, peakRssMiB } from './process-figures.ts';
import { hashStoredLines } from './stored-multiset.ts';

/** Between two questions of somebody who looks at pages. */
const pageEveryMs = 100;
const withinMs = 15 * 60_000;
const hourMs = 3_600_000;
/** The generator writes some 50 lines a second; the log shall end before now, as any log does. */
const linesPerHour = 170_000;

/** `linesPerSecond` counts from the agent's start until the last message is found; memory in MiB is the peak of each process. */
export async function run(args: readonly string[]): Promise<object> {
  const options = { json: { type: 'boolean' }, lines: { type: 'string', default: '5000000' } } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const lines = Number(values.lines);
  const folder = await mkdtemp(join(tmpdir(), 'mailward-ingest-'));
  try {
    const log = join(folder, 'mail.log');
    say(`writing ${lines} lines`);
    const written = writeLog(log, lines);
    const controlDir = join(folder, 'control');
    const agentDir = join(folder, 'agent');
    await startOnce(folder);
    const control = await startProcess('control', ['--tls', '--port', '0', '--data-dir', controlDir]);
    await joinNode(control.url, controlDir, agentDir);
    const pages = askForPages(control.url, written.recipients);
    const startedAt = performance.now();
    const agent = await startProcess('agent', [
      ...['--node', 'mx1', '--control', control.url, '--file', log],
      ...['--data-dir', agentDir, '--metrics-port', '0'],
    ]);
    const rates = await untilStored(control.url, lines, startedAt);
    await untilFound(control.url, written.lastQueueId);
    const seconds = (performance.now() - startedAt) / 1000;
    const apiTimes = await pages.stop();
    const figures = {
      lines,
      linesPerSecond: Math.round(lines / seconds),
      agentRssMiB: peakRssMiB(agent.pid),
      controlRssMiB: peakRssMiB(control.pid),
      ...apiTimes,
      agentCpuSeconds: cpuSeconds(agent.pid),
      controlCpuSeconds: cpuSeconds(control.pid),
      linesPerSecondByTenth: rates,
    };
    await agent.end('SIGTERM');
    await control.end('SIGTERM');
    return { ...figures, ...compareLines(written.hashes, hashStoredLines(controlDir, 2 * lines)) };
  } finally {
    await endAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Any start but the first on a machine finds its code compiled; the first would be measured with the compiler in it. */
async function startOnce(folder: string): Promise<void> {
  const dirs = [join(folder, 'first-control'), join(folder, 'first-agent')] as const;
  const control = await startProcess('control', ['--tls', '--port', '0', '--data-dir', dirs[0]]);
  await joinNode(control.url, dirs[0], dirs[1]);
  const flags = ['--node', 'mx1', '--control', control.url, '--data-dir', dirs[1], '--metrics-port', '0'];
  const agent = await startProcess('agent', [...flags, '--file', join(folder, 'none.log')]);
  await agent.end('SIGTERM');
  await control.end('SIGTERM');
}

/** As an operator does: a token made at control, and spent on the node. From then on both know each other by certificates. */
async function joinNode(url: string, controlDir: string, agentDir: string): Promise<void> {
  const question = { method: 'POST', path: '/api/v1/trust/tokens', body: {}, schema: tokenMadeSchema } as const;
  const { token } = (await askOperator({ url, dataDir: controlDir }, question)).value;
  const agent = join(import.meta.dirname, '../../services/agent/main.ts');
  const flags = ['--control', url, '--token', token, '--node', 'mx1', '--data-dir', agentDir];
  await promisify(execFile)(process.execPath, [agent, 'join', ...flags]);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One file with the lines of three hosts, as a central log holds them. */
function writeLog(path: string, lines: number) {
  const file = openSync(path, 'w');
  const hashes = createLineMultiset(lines);
  const recipients: string[] = [];
  let lastQueueId = '';
  try {
    const startAt = Date.now() - Math.ceil(lines / linesPerHour + 1) * hourMs;
    generateLog({ ...generateDefaults, lines, startAt }, (chunk) => {
      const bytes = Buffer.from(chunk);
      hashes.add(bytes);
      writeSync(file, bytes);
      lastQueueId = chunk.match(/cleanup\[\d+\]: (\w+): message-id=(?!.*cleanup\[)/s)?.[1] ?? lastQueueId;
      const recipient = / to=<([^>]+)>, .*status=/.exec(chunk)?.[1];
      if (recipient !== undefined && recipients.length < 1000) recipients.push(recipient);
    });
  } finally {
    closeSync(file);
  }
  return { hashes: hashes.sorted(), recipients, lastQueueId };
}

async function ask<Answer>(url: string): Promise<Answer> {
  const answer = await fetch(url);
  const json = (await answer.json()) as Answer;
  if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}: ${JSON.stringify(json)}`);
  return json;
}

/** Asks for one page after the other, as somebody does who looks for a message while the lines come in. */
function askForPages(url: string, recipients: readonly string[]) {
  const timesByPage: Record<string, number[]> = {};
  let isStopped = false;
  let story = '';
  const pages: Record<string, (no: number) => string> = {
    overview: () => '/api/v1/overview?windowMs=3600000',
    day: () => '/api/v1/overview?windowMs=86400000',
    messages: () => '/api/v1/stories?limit=50',
    search: (no) => `/api/v1/stories?limit=50&q=${encodeURIComponent(recipients[no % recipients.length] ?? '')}`,
    story: () => (story === '' ? '/api/v1/nodes' : `/api/v1/stories/${encodeURIComponent(story)}`),
    completeness: () => '/api/v1/completeness',
  };
  const asking = (async () => {
    for (let no = 0; !isStopped; no++) {
      for (const [name, path] of Object.entries(pages)) {
        const began = performance.now();
        const answer = await ask<Partial<StoryPageWire>>(`${url}${path(no)}`);
        timesByPage[name] ??= [];
        timesByPage[name].push(performance.now() - began);
        story = answer.items?.[0]?.id ?? story;
        await delay(pageEveryMs);
      }
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await asking;
      const all = Object.values(timesByPage).flat();
      const apiP99MsByPage = Object.fromEntries(
        Object.entries(timesByPage).map(([name, times]) => [name, percentile(times, 0.99)]),
      );
      return {
        apiRequests: all.length,
        apiP50Ms: percentile(all, 0.5),
        apiP99Ms: percentile(all, 0.99),
        apiP99MsByPage,
      };
    },
  };
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1));
}

/** Waits until control says that it holds so many lines; returns the rate of each tenth of them. */
async function untilStored(url: string, lines: number, startedAt: number): Promise<number[]> {
  const rates: number[] = [];
  let tenthAt = startedAt;
  let tenthLines = 0;
  for (;;) {
    const since = new Date(0).toISOString();
    const { sources } = await ask<CompletenessWire>(`${url}/api/v1/completeness?since=${since}`);
    const stored = sources.reduce((sum, source) => sum + source.lines, 0);
    const now = performance.now();
    if (stored - tenthLines >= lines / 10 || stored >= lines) {
      rates.push(Math.round(((stored - tenthLines) / (now - tenthAt)) * 1000));
      [tenthAt, tenthLines] = [now, stored];
      say(`${stored} lines stored, ${rates.at(-1)} lines/s`);
    }
    if (stored >= lines) return rates;
    if (now - startedAt > withinMs) throw new Error(`only ${stored} of ${lines} lines were stored in time`);
    await delay(pageEveryMs);
  }
}

async function untilFound(url: string, queueId: string): Promise<void> {
  for (;;) {
    const { items } = await ask<StoryPageWire>(`${url}/api/v1/stories?limit=1&q=${queueId}`);
    if (items.length > 0) return;
    await delay(pageEveryMs);
  }
}
