// The programs that the parser is measured beside, each as its users run it, over the same file and pinned to the same core.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export type PeerRun = { readonly seconds: number; readonly detail: string };

const peerFolder = join(import.meta.dirname, 'peers');
const outputBytesMax = 64 * 1024 * 1024;
/** A peer that takes longer is given up. */
const peerMsMax = 120_000;

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** The command in front of one that is to run on one core; empty where there is no taskset(1). */
export function pinTo(cpu: number): readonly string[] {
  return isInstalled('taskset') ? ['taskset', '-c', String(cpu)] : [];
}

/** Runs to the end with its output thrown away, except what `keep` wants. */
function timed(
  command: readonly string[],
  options: { readonly input?: string; readonly keepOutput?: boolean },
): PeerRun {
  const [program = '', ...args] = command;
  const input = options.input === undefined ? 'ignore' : openSync(options.input, 'r');
  const startedAt = performance.now();
  const run = spawnSync(program, args, {
    stdio: [input, options.keepOutput === true ? 'pipe' : 'ignore', 'pipe'],
    maxBuffer: outputBytesMax,
    timeout: peerMsMax,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  if (typeof input === 'number') closeSync(input);
  if (run.status !== 0)
    throw new Error(`${command.join(' ')} ended with ${run.status}: ${String(run.stderr).slice(0, 400)}`);
  return { seconds, detail: options.keepOutput === true ? String(run.stdout) : '' };
}

export function runLognormalizer(pin: readonly string[], log: string): PeerRun {
  return timed([...pin, 'lognormalizer', '-r', join(peerFolder, 'mail.rulebase'), '-e', 'json'], { input: log });
}

/** How many lines of the log our rulebase does not match: the comparison is only fair when there are none. */
export function unmatchedByLognormalizer(sample: string): number {
  const { detail } = timed(['lognormalizer', '-r', join(peerFolder, 'mail.rulebase'), '-e', 'json'], {
    input: sample,
    keepOutput: true,
  });
  return detail.split('\n').filter((line) => line.includes('"unparsed-data"')).length;
}

export function runPflogsumm(pin: readonly string[], log: string): PeerRun {
  return timed([...pin, 'pflogsumm', log], {});
}

export function runMtail(pin: readonly string[], log: string): PeerRun {
  const program = join(peerFolder, 'mail.mtail');
  return timed(
    [...pin, 'mtail', '--one_shot', '--one_shot_format', 'prometheus', '--progs', program, '--logs', log],
    {},
  );
}

const ticksPerSecond = 100;

/** User and system time of a process, proc(5). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * The exporter follows its file from the end, so it is started first and then fed; what counts is the processor time that it
 * has used when its own counter says that all is read.
 */
export async function runExporter(
  pin: readonly string[],
  log: string,
  removed: number,
  feed: string,
): Promise<PeerRun> {
  writeFileSync(feed, '');
  const port = await freePort();
  const [program = '', ...args] = [
    ...pin,
    'prometheus-postfix-exporter',
    `--web.listen-address=127.0.0.1:${port}`,
    `--postfix.logfile_path=${feed}`,
    '--postfix.showq_path=/nonexistent',
  ];
  const child = spawn(program, args, { stdio: 'ignore' });
  const pid = child.pid;
  if (pid === undefined) throw new Error('prometheus-postfix-exporter could not be started');
  try {
    const deadline = performance.now() + peerMsMax;
    while ((await removedSoFar(port)) === undefined) await pause(deadline);
    const before = cpuSeconds(pid);
    appendFileSync(feed, readFileSync(log));
    while (((await removedSoFar(port)) ?? 0) < removed) await pause(deadline);
    return { seconds: cpuSeconds(pid) - before, detail: '' };
  } finally {
    child.kill('SIGTERM');
  }
}

async function pause(deadline: number): Promise<void> {
  if (performance.now() > deadline) throw new Error('prometheus-postfix-exporter did not read the log in time');
  await delay(200);
}

/** `undefined` while the exporter does not answer; 0 before it has counted anything. */
async function removedSoFar(port: number): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  if (answer === undefined) return undefined;
  const value = /^postfix_qmgr_messages_removed_total (\S+)$/m.exec(await answer.text())?.[1];
  return value === undefined ? 0 : Number(value);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
