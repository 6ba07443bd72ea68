// `npm run bench -- parse [--lines N] [--runs N]`: our parser over our own log, beside the tools that people have.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { generateDefaults, generateLog, type LogTruth } from './generate-log.ts';
import { tallies } from './generate-terms.ts';
import {
  isInstalled,
  type PeerRun,
  pinTo,
  runExporter,
  runLognormalizer,
  runMtail,
  runPflogsumm,
  unmatchedByLognormalizer,
} from './parse-peers.ts';
import { type ParseTotals, parseTotals } from './parse-totals.ts';

const note = (text: string): void => void process.stderr.write(`${text}\n`);

/** Keys: linesPerSecond peakRssMiB totalsExact peers{name:{linesPerSecond}} ratioToLognormalizer. */
export async function run(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean' },
      lines: { type: 'string', default: String(generateDefaults.lines) },
      runs: { type: 'string', default: '5' },
      child: { type: 'string' },
      now: { type: 'string', default: '0' },
    },
  });
  if (values.child !== undefined) return parseTotals(values.child, Number(values.now));
  const folder = mkdtempSync(join(tmpdir(), 'mailward-parse-bench-'));
  try {
    return await measure(folder, Number(values.lines), Number(values.runs));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, lines: number, runs: number): Promise<object> {
  const log = join(folder, 'mail.log');
  const truth = writeLog(log, lines);
  note(`${truth.lines} lines, ${Math.round(truth.bytes / 1e6)} MB, ${truth.dovecotLines} of Dovecot`);
  const cpu = cpus().length - 1;
  const pin = pinTo(cpu);
  if (pin.length === 0) missing('taskset');
  const has = peerNames.filter((name) => isInstalled(name) || missing(name));

  // In turns, so that whatever else the machine does meets both alike.
  const ours: Array<ParseTotals & { processSeconds: number }> = [];
  const theirs: PeerRun[] = [];
  for (let index = 0; index < runs; index++) {
    ours.push(runOurs(pin, log, truth.lastAt));
    if (has.includes('lognormalizer')) theirs.push(runLognormalizer(pin, log));
  }
  const elapsedMs = median(ours.map((one) => one.elapsedMs));
  const linesPerSecond = Math.round((1000 * truth.lines) / elapsedMs);
  const peers: Record<string, { linesPerSecond: number }> = {};
  const rate = (seconds: number) => ({ linesPerSecond: Math.round(truth.lines / seconds) });
  if (theirs.length > 0) {
    peers.lognormalizer = rate(median(theirs.map((one) => one.seconds)));
    const sample = join(folder, 'sample.log');
    writeFileSync(sample, readFileSync(log).subarray(0, 4_000_000));
    note(`lognormalizer does not match ${Math.max(0, unmatchedByLognormalizer(sample) - 1)} lines of a sample`);
  }
  if (has.includes('pflogsumm')) peers.pflogsumm = rate(runPflogsumm(pin, log).seconds);
  if (has.includes('mtail')) peers.mtail = rate(runMtail(pin, log).seconds);
  if (has.includes('prometheus-postfix-exporter')) {
    const feed = await runExporter(pin, log, truth.counts.removed, join(folder, 'feed.log'));
    peers['prometheus-postfix-exporter'] = rate(feed.seconds);
  }
  const result = {
    linesPerSecond,
    peakRssMiB: Math.round(Math.max(...ours.map((one) => one.peakRssMiB))),
    totalsExact: ours.every((one) => isExact(one, truth)),
    peers,
    ratioToLognormalizer:
      peers.lognormalizer && Number((linesPerSecond / peers.lognormalizer.linesPerSecond).toFixed(3)),
    /** The same with the start of the runtime and the loading of the program in it. */
    processLinesPerSecond: Math.round(truth.lines / median(ours.map((one) => one.processSeconds))),
    lines: truth.lines,
    bytes: truth.bytes,
    runs,
  };
  note(`${linesPerSecond} lines/s, ${result.peakRssMiB} MiB, totals ${result.totalsExact ? 'exact' : 'WRONG'}`);
  for (const [name, peer] of Object.entries(peers)) note(`${name}: ${peer.linesPerSecond} lines/s`);
  return result;
}

const peerNames = ['lognormalizer', 'pflogsumm', 'mtail', 'prometheus-postfix-exporter'] as const;

/** A peer that is not there is a failure in CI, and a note on anybody's own machine. */
function missing(name: string): false {
  if (process.env.CI === 'true') throw new Error(`${name} is not installed, and CI compares with it`);
  note(`${name} is not installed: it is left out`);
  return false;
}

function writeLog(path: string, lines: number): LogTruth {
  const file = openSync(path, 'w');
  try {
    return generateLog({ ...generateDefaults, lines }, (chunk) => void writeSync(file, chunk));
  } finally {
    closeSync(file);
  }
}

function runOurs(pin: readonly string[], log: string, now: number): ParseTotals & { processSeconds: number } {
  const main = join(import.meta.dirname, 'main.ts');
  const [program = '', ...args] = [...pin, process.execPath, main, 'parse', '--child', log, '--now', String(now)];
  const startedAt = performance.now();
  const child = spawnSync(program, args, { encoding: 'utf8' });
  const processSeconds = (performance.now() - startedAt) / 1000;
  if (child.status !== 0) throw new Error(`the parser's run failed: ${child.stderr}`);
  return { ...(JSON.parse(child.stdout) as ParseTotals), processSeconds };
}

function isExact(totals: ParseTotals, truth: LogTruth): boolean {
  const wrong = tallies.filter((name) => totals.counts[name] !== truth.counts[name]);
  for (const name of wrong) note(`${name}: ${totals.counts[name]} counted, ${truth.counts[name]} written`);
  return wrong.length === 0 && totals.lines === truth.lines && totals.queuedBytes === truth.queuedBytes;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
