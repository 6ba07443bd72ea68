// What the agent costs a node: processor time while nothing is logged, with every measure of the node taken, and at a thousand
// lines a second, each of them counted for the metrics and sent to control.
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { endAll, startProcess } from '../e2e/real-process.ts';
import { generateDefaults, generateLog } from './generate-log.ts';
import { cpuSeconds, peakRssMiB } from './process-figures.ts';

/** After the start, before anything is measured: modules are loaded and samplers have run. */
const settleMs = 15_000;
const writeEveryMs = 100;

/** Percent of one core over `seconds` each, and the peak of memory. */
export async function run(args: readonly string[]): Promise<object> {
  const text = { type: 'string' } as const;
  const options = { json: { type: 'boolean' }, seconds: text, rate: text } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const [seconds, rate] = [Number(values.seconds ?? 60), Number(values.rate ?? 1000)];
  const folder = await mkdtemp(join(tmpdir(), 'mailward-agent-'));
  try {
    const log = join(folder, 'mail.log');
    writeFileSync(log, '');
    const control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
    const agent = await startProcess('agent', [
      ...['--node', 'mx1', '--control', control.url, '--file', log],
      ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
    ]);
    await delay(settleMs);
    const idleCpuPercent = await percentOver(agent.pid, seconds, () => {});
    const writer = writeOn(log, rate);
    await percentOver(agent.pid, settleMs / 1000, writer.write);
    const busyCpuPercent = await percentOver(agent.pid, seconds, writer.write);
    const result = { seconds, rate, idleCpuPercent, busyCpuPercent, linesWritten: writer.count() };
    return { ...result, rssMiB: peakRssMiB(agent.pid) };
  } finally {
    await endAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Processor time that the process takes while `step` is done again and again. */
async function percentOver(pid: number, seconds: number, step: () => void): Promise<number> {
  const [beganAt, before] = [performance.now(), cpuSeconds(pid)];
  while (performance.now() - beganAt < seconds * 1000) {
    step();
    await delay(writeEveryMs);
  }
  const share = (cpuSeconds(pid) - before) / ((performance.now() - beganAt) / 1000);
  return Number((share * 100).toFixed(2));
}

/** Appends generated lines with the time of now, so that they count as written since the agent started. */
function writeOn(log: string, rate: number) {
  const lines: string[] = [];
  generateLog({ ...generateDefaults, lines: 200_000 }, (chunk) => {
    for (const line of chunk.split('\n')) if (line !== '') lines.push(line.slice('Nov  1 00:00:00'.length));
  });
  let [written, owed] = [0, 0];
  let lastAt = performance.now();
  return {
    write: (): void => {
      const now = performance.now();
      owed += ((now - lastAt) / 1000) * rate;
      lastAt = now;
      const stamp = new Date().toISOString();
      let text = '';
      for (; owed >= 1; owed--) text += `${stamp}${lines[written++ % lines.length]}\n`;
      appendFileSync(log, text);
    },
    count: () => written,
  };
}
