// `mailward import`: brings log files of the past to control. The shell around survey and sending.
import { parseArgs } from 'node:util';
import { AppError } from '../../protocol/errors.ts';
import { timeZoneName } from '../../protocol/time-zone.ts';
import { describeError, exitStatus } from '../../runtime/run-process.ts';
import { readAgentConfig } from '../config.ts';
import { connectionsMax, createBulkClient } from '../ship/bulk-client.ts';
import { connectAs } from '../trust/connect-as.ts';
import { type ImportTotals, importFiles } from './import-files.ts';
import { doneWords, progressWords, sizeWords, surveyWords } from './import-words.ts';
import { type Survey, surveyFiles } from './survey.ts';
import { createTeller } from './teller.ts';

const usage = `Examples:
  mailward import --node mx1 /var/log/mail.log*
  mailward import --node mx1 --year 2019 --time-zone Europe/Berlin /archive/mx1/*.gz
  mailward import --node loghost --dry-run /archive/mail-2024*.xz

Usage: mailward import [options] FILE...

Files may be plain or compressed (.gz, .zst, .xz) and given in any order. What control has already is not sent again, so a
broken import is gone on with by the same command. Control keeps lines as long as its retention says: for years of logs,
set retention to years first.

  --node NAME           the node that wrote them (the host's name)
  --control URL         where control serves (http://127.0.0.1:7400)
  --config FILE         take node, control and the rest from the agent's configuration
  --data-dir DIR        where the agent keeps what it is known by
  --time-zone ZONE      IANA zone of times that state none (the machine's)
  --year YEAR           year of the first line of each log, where lines state no year
  --dry-run             only say which years were found
  --json                the totals as one JSON object on standard output
`;

/** Files of one import. */
const filesMax = 100_000;
/** Before control has answered once, so many failed attempts end the import: it is a wrong address more often than not. */
const firstAttemptsMax = 4;

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ config: text, node: text, control: text, 'data-dir': text, 'time-zone': text, year: text },
    ...{ 'dry-run': flag, json: flag, help: flag },
  };
  return parseArgs({ args: [...args], options, allowPositionals: true });
}
type Flags = ReturnType<typeof readFlags>['values'];

/** Runs to its end and sets the exit status: 0 all is stored, 1 stopped or something could not be read, 2 usage, 3 unreachable. */
export async function runImport(args: readonly string[]): Promise<void> {
  let read: ReturnType<typeof readFlags>;
  try {
    read = readFlags(args);
    if (!read.values.help) checkFlags(read.values, read.positionals);
  } catch (error) {
    process.stderr.write(`mailward import: ${describeError(error)}\n${usage}`);
    process.exitCode = exitStatus.usage;
    return;
  }
  if (read.values.help) {
    process.stdout.write(usage);
    return;
  }
  const stopping = new AbortController();
  const stop = () => stopping.abort(new AppError('not-ready', 'Stopped. The same command goes on from here.'));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stop);
  process.once('disconnect', stop);
  try {
    await bring(read.positionals, read.values, stopping);
  } catch (error) {
    const isExpected = error instanceof AppError;
    if (!isExpected) throw error;
    process.stderr.write(`mailward import: ${describeError(error)}\n`);
    process.exitCode =
      error.code === 'bad-config'
        ? exitStatus.usage
        : error.code === 'unreachable'
          ? exitStatus.unreachable
          : exitStatus.no;
  } finally {
    process.removeListener('disconnect', stop);
    process.channel?.unref();
  }
}

function checkFlags(flags: Flags, files: readonly string[]): void {
  if (files.length === 0) throw new AppError('bad-config', 'Name the files to import.');
  if (files.length > filesMax) throw new AppError('bad-config', `At most ${filesMax} files are imported at once.`);
  if (flags.year !== undefined && !/^(19[7-9]\d|20\d\d)$/.test(flags.year))
    throw new AppError('bad-config', `--year ${flags.year} is no year such as 2019.`);
  const zone = flags['time-zone'];
  if (zone !== undefined && !timeZoneName.safeParse(zone).success)
    throw new AppError('bad-config', `--time-zone ${zone} is no IANA time zone such as Europe/Berlin.`);
}

async function bring(files: readonly string[], flags: Flags, stopping: AbortController): Promise<void> {
  const { config: file, node: name, control: url } = flags;
  const config = await readAgentConfig({ config: file, node: name, control: url, 'data-dir': flags['data-dir'] });
  const { node } = config;
  const timeZone = flags['time-zone'] ?? config.timeZone;
  const teller = createTeller(process.stderr, { now: Date.now });
  let faults = 0;
  const news = {
    onFault: (path: string, error: unknown) => {
      faults += 1;
      teller.say(`${path} is damaged; what can be read of it is taken: ${describeError(error)}`);
    },
    onEnd: () => {},
    onEmpty: (path: string) => teller.say(`${path} holds no whole line and is left out.`),
  };

  let lookedBytes = 0;
  const surveys = withoutCopies(
    await surveyFiles(
      files,
      {
        ...{ node, timeZone, year: flags.year === undefined ? undefined : Number(flags.year) },
        onLooked: (bytes) => {
          stopping.signal.throwIfAborted();
          lookedBytes += bytes;
          teller.progress(() => `looking at the files, ${sizeWords(lookedBytes)} so far`);
        },
      },
      news,
    ),
    (copy, original) => teller.say(`${copy} begins as ${original} does and is taken for a part of it.`),
  );
  if (flags['dry-run']) {
    teller.end();
    process.stdout.write(surveys.map((survey) => `${surveyWords(survey)}\n`).join(''));
    return;
  }

  let hasAnswered = false;
  const secured = config.identity === undefined ? undefined : connectAs(config.identity, connectionsMax);
  const client = createBulkClient(config.control, {
    random: Math.random,
    connections: secured === undefined ? undefined : () => secured,
    signal: stopping.signal,
    events: {
      requestRetried: (attempt, _waitMs, error) => {
        const why = describeError(error);
        if (!hasAnswered && attempt >= firstAttemptsMax)
          stopping.abort(new AppError('unreachable', `Control at ${config.control} does not answer: ${why}`));
        else if (attempt % 20 === 1) teller.say(`Control did not take a request and is asked again: ${why}`);
      },
    },
  });
  // Damage was told when the files were looked at.
  const quiet = { ...news, onFault: () => {} };
  const startedAt = Date.now();
  let start: { linesStored: number; linesKnown: number; bytesDone: number } | undefined;
  const onProgress = (totals: ImportTotals) => {
    hasAnswered = true;
    start ??= { ...totals };
    const { linesStored, linesKnown, bytesDone } = start;
    teller.progress(() => {
      const seconds = Math.max(0.001, (Date.now() - startedAt) / 1000);
      const linesPerSecond = (totals.linesStored + totals.linesKnown - linesStored - linesKnown) / seconds;
      return progressWords(totals, { linesPerSecond, bytesPerSecond: (totals.bytesDone - bytesDone) / seconds });
    });
  };
  const options = { node, timeZone, now: Date.now() };
  try {
    const totals = await importFiles(surveys, options, { client, news: quiet, signal: stopping.signal, onProgress });
    teller.say(doneWords(totals));
    if (flags.json) process.stdout.write(`${JSON.stringify({ node, ...totals, damagedFiles: faults })}\n`);
  } catch (error) {
    teller.end();
    stopping.signal.throwIfAborted();
    throw error;
  }
  if (faults > 0) process.exitCode = exitStatus.no;
}

/** Two files that begin with the same line are one log at two times: the longer one holds both. */
function withoutCopies(surveys: readonly Survey[], onCopy: (copy: string, original: string) => void): Survey[] {
  const longest = new Map<string, Survey>();
  for (const survey of surveys) {
    const other = longest.get(survey.sourceId);
    if (other === undefined || survey.sizeBytes > other.sizeBytes) longest.set(survey.sourceId, survey);
    if (other !== undefined) {
      const [copy, original] = survey.sizeBytes > other.sizeBytes ? [other, survey] : [survey, other];
      onCopy(copy.path, original.path);
    }
  }
  return [...longest.values()].sort((a, b) => a.firstTime - b.firstTime);
}
