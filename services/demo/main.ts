// `node services/demo/main.ts --control URL [--dir DIR] [--seed N]`: three demo nodes, each with an agent of its own that reports to a
// control process. Announces itself once the agents serve; ends with its parent, or on SIGINT and SIGTERM.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { announceReady } from '../runtime/announce-ready.ts';
import { startChild } from '../runtime/child-process.ts';
import { systemClock } from '../runtime/clock.ts';
import { createLog } from '../runtime/log.ts';
import { runProcess } from '../runtime/run-process.ts';
import { createStopStack } from '../runtime/stop-stack.ts';
import { nodeNames } from './cast.ts';
import { playHistory } from './history.ts';
import { logFileLimits, openLogFile } from './log-file.ts';
import { createRealNetwork } from './real-network.ts';

const flushEveryMs = 250;
const agentScript = resolve(import.meta.dirname, '../agent/main.ts');

const { values } = parseArgs({
  options: {
    control: { type: 'string', default: 'http://127.0.0.1:7400' },
    dir: { type: 'string' },
    seed: { type: 'string', default: '20261122' },
    'log-level': { type: 'string', default: 'warn' },
  },
});
const log = createLog({ process: 'demo', level: values['log-level'] });
const stack = createStopStack({ deadlineMs: 8000 });

/** Logs and agents' state live in a folder of the demo's own, which is removed at the end. */
function makeFolder(): string {
  if (values.dir !== undefined) mkdirSync(values.dir, { recursive: true });
  const folder = values.dir ?? mkdtempSync(join(tmpdir(), 'mailward-demo-'));
  stack.add('folder', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(): Promise<void> {
  const folder = makeFolder();
  const logOf = (name: string) => join(folder, name, 'mail.log');
  const files = nodeNames.map((name) => {
    mkdirSync(join(folder, name), { recursive: true });
    return { name, file: openLogFile(logOf(name), logFileLimits) };
  });
  const fileOf = new Map(files.map(({ name, file }) => [name, file]));
  for (const { name, file } of files) stack.add(`log of ${name}`, file.stop);

  const { site, clock } = playHistory(
    {
      seed: Number(values.seed),
      now: systemClock.now(),
      offsetMinutes: (time) => -new Date(time).getTimezoneOffset(),
    },
    (name, line) => fileOf.get(name)?.append(line),
  );
  const flush = () => {
    for (const { file } of files) file.flush();
  };
  flush();
  stack.add('flush', systemClock.every(flushEveryMs, flush));

  const agents = nodeNames.map(async (name) => {
    const agent = await startChild({
      name: `agent of ${name}`,
      script: agentScript,
      args: [
        ...['--node', name, '--control', values.control, '--file', logOf(name)],
        ...['--data-dir', join(folder, name, 'agent'), '--metrics-port', '0'],
      ],
      readyWithinMs: 20_000,
      killAfterMs: 5000,
      stack,
    });
    agent.ended.then(({ code, lastLines, wasAsked }) => {
      if (!wasAsked) log.error({ agent: name, code, lastLines }, 'an agent ended on its own');
    });
  });
  await Promise.all(agents);

  const network = await createRealNetwork(site, {
    clock,
    onFault: (error) => log.warn({ err: error }, 'the demo traffic met a fault'),
  });
  stack.add('servers', network.stop);
  clock.handOver(systemClock);
  site.setNetwork(network);
  stack.add('traffic', clock.stop);
  announceReady(`smtp://127.0.0.1:${network.ports.mx1}`);
}

await runProcess({ log, stack, start, watchdogMs: 10_000 });
