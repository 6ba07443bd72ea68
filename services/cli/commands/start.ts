import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { storyPageSchema } from '../../protocol/api.ts';
import { AppError } from '../../protocol/errors.ts';
import { type Fate, fateSchema, type StorySummary } from '../../protocol/story.ts';
import { type Child, lastWords, startChild } from '../../runtime/child-process.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { describeError, exitStatus, runProcess } from '../../runtime/run-process.ts';
import { createStopStack, type StopStack } from '../../runtime/stop-stack.ts';
import { createDemoFolder, removeDeadDemoFolders } from '../demo-folder.ts';
import { findMailLogs } from '../find-mail-logs.ts';
import { type Started, startedText } from '../start-words.ts';

type StartOptions = {
  readonly port: number;
  readonly dataDir?: string;
  readonly demo?: boolean;
  readonly file?: readonly string[];
  readonly json?: boolean;
};

/** Time for each process to serve and to stop, and for the first stories to be there. */
const times = {
  readyWithinMs: 30_000,
  killAfterMs: 12_000,
  stopMs: 20_000,
  examplesWithinMs: { demo: 10_000, agent: 1500 },
  askEveryMs: 200,
} as const;

const services = resolve(import.meta.dirname, '../..');
const demoNodes = ['mx1', 'mx2', 'mx3'] as const;

/** `mailward start` and `mailward demo`, which is the same with the demo chosen. */
export function registerStart(program: Command): void {
  const describe = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('--port <port>', 'port of the console and the API, 0 for any free one', readPort, 7400)
      .option('--data-dir <dir>', 'where state is kept')
      .option('--json', 'print one JSON object instead of text');
  describe('start', 'start control and what there is to watch: the local mail log, or a demo')
    .option('--demo', 'show the demo even where a mail log is found')
    .option('--file <glob...>', 'the mail logs to follow, instead of the usual ones')
    .addHelpText('before', 'Examples:\n  mailward start\n  mailward start --file /srv/log/mail.log\n')
    .action((options: StartOptions) => runStart(options));
  describe('demo', 'start control and three demo nodes')
    .addHelpText('before', 'Examples:\n  mailward demo\n  mailward demo --port 7500\n')
    .action((options: StartOptions) => runStart({ ...options, demo: true }));
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
}

async function runStart(options: StartOptions): Promise<void> {
  const log = createLog({ process: 'start', level: 'error' });
  const stack = createStopStack({ deadlineMs: times.stopMs });
  const start = async () => {
    try {
      const started = await startAll(options, stack);
      const examples = await findExamples(started.url, times.examplesWithinMs[started.mode], stack.isStopping);
      if (stack.isStopping()) return;
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ ready: true, ...started, examples: examples.map(({ id, fate }) => ({ id, fate })) })}\n`
          : startedText(started, examples),
      );
    } catch (error) {
      // Interrupted: the end that was asked for is under way.
      if (stack.isStopping()) return;
      process.stderr.write(`mailward: ${describeError(error)}\n`);
      process.exitCode = exitStatus.unreachable;
      await stack.stop();
    }
  };
  await runProcess({ log, stack, start, watchdogMs: times.stopMs + 1000 });
}

async function startAll(options: StartOptions, stack: StopStack): Promise<Started> {
  const startedAt = systemClock.monotonicMs();
  const files = options.demo === true ? [] : findMailLogs(options.file);
  if (options.file !== undefined && options.demo !== true && files.length === 0) {
    throw new AppError('missing', `No log with anything in it can be read at ${options.file.join(' ')}`, {
      hint: 'Name another with --file, or leave it out to see the demo',
    });
  }
  const isDemo = files.length === 0;
  const folder = chooseFolder(options.dataDir, isDemo, stack);
  const run = async (name: 'control' | 'agent' | 'demo', args: readonly string[]): Promise<Child> => {
    const script = join(services, name, 'main.ts');
    const child = await startChild({
      name,
      script,
      args,
      readyWithinMs: times.readyWithinMs,
      killAfterMs: times.killAfterMs,
      stack,
    });
    watch(child, stack);
    return child;
  };
  const dataDirOf = (name: string) => (folder === undefined ? [] : ['--data-dir', join(folder, name)]);

  const control = await run('control', ['--port', String(options.port), ...dataDirOf('control')]);
  if (isDemo) {
    const demo = await run('demo', [
      '--control',
      control.url,
      ...(folder === undefined ? [] : ['--dir', join(folder, 'demo')]),
    ]);
    return {
      url: control.url,
      mode: 'demo',
      nodes: demoNodes,
      files: [],
      smtpPort: Number(new URL(demo.url).port),
      readyMs: Math.round(systemClock.monotonicMs() - startedAt),
    };
  }
  const fileFlags = files.flatMap((file) => ['--file', file]);
  // Who asks for any free port has another Mailward beside this one.
  const metricsPort = options.port === 0 ? ['--metrics-port', '0'] : [];
  await run('agent', ['--control', control.url, ...fileFlags, ...metricsPort, ...dataDirOf('agent')]);
  return {
    url: control.url,
    mode: 'agent',
    nodes: [],
    files,
    smtpPort: undefined,
    readyMs: Math.round(systemClock.monotonicMs() - startedAt),
  };
}

/** A demo keeps nothing unless it is told where; a real node keeps its state in the usual place. */
function chooseFolder(dataDir: string | undefined, isDemo: boolean, stack: StopStack): string | undefined {
  if (dataDir !== undefined || !isDemo) return dataDir;
  try {
    removeDeadDemoFolders(tmpdir());
  } catch {
    // Tidying up is a courtesy: what cannot be removed hinders nobody.
  }
  const folder = createDemoFolder(tmpdir());
  stack.add('folder', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Ends the command when one of its processes ends on its own: half of it would look whole. */
function watch(child: Child, stack: StopStack): void {
  child.ended.then(async ({ code, lastLines, wasAsked }) => {
    if (wasAsked) return;
    process.stderr.write(`mailward: the process ${child.name} ended (status ${code}): ${lastWords(lastLines)}\n`);
    process.exitCode = exitStatus.unreachable;
    await stack.stop();
  });
}

/**
 * Messages to name in the commands to try: one that failed and one that took its time, when there are such. The demo has them
 * soon; a quiet site may have none, and nobody shall wait for that.
 */
async function findExamples(url: string, withinMs: number, isStopping: () => boolean): Promise<StorySummary[]> {
  const wanted: readonly Fate[] = [fateSchema.enum.bounced, fateSchema.enum.deferred, fateSchema.enum.delivered];
  const endsAt = systemClock.monotonicMs() + withinMs;
  let found: StorySummary[] = [];
  while (found.length < 2 && systemClock.monotonicMs() < endsAt && !isStopping()) {
    const pages = await Promise.all(wanted.map((fate) => readStories(`${url}/api/v1/stories?limit=1&fate=${fate}`)));
    found = pages.flat();
    if (found.length < 2) await new Promise<void>((resume) => systemClock.after(times.askEveryMs, resume));
  }
  return found;
}

/** An answer that does not come is none: the address has been told, and the examples are a courtesy. */
async function readStories(url: string): Promise<StorySummary[]> {
  try {
    const response = await fetch(url);
    return response.ok ? storyPageSchema.parse(await response.json()).items : [];
  } catch {
    return [];
  }
}
