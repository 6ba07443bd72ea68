// `mailward parse`: what the parser makes of log lines, for a person, a script, or as statistics.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { eventToJson } from '../../logs/event-json.ts';
import { createLineParser } from '../../logs/parse.ts';
import { AppError } from '../../protocol/errors.ts';
import type { MailEvent } from '../../protocol/mail-event.ts';
import { systemClock } from '../../runtime/clock.ts';
import { keepMiddleCompiler } from '../../runtime/compiler.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { createLineReader } from '../line-reader.ts';
import { createParseRow } from '../parse-row.ts';
import { createParseStatistics } from '../parse-statistics.ts';
import { jsonSafe, terminalSafe, terminalStyle } from '../terminal.ts';

type ParseOptions = { readonly json?: boolean; readonly stats?: boolean; readonly timeZone: string };

/** Output is handed to the stream in blocks of about this size. */
const outputChars = 64 * 1024;

export function registerParse(program: Command): void {
  program
    .command('parse')
    .description('read mail log lines and show what they mean')
    .argument('[files...]', 'log files; - is standard input, which is also the default')
    .option('--json', 'one JSON object a line (with --stats, one object)')
    .option('--stats', 'count instead of listing: kinds, daemons, statuses, and what is not understood')
    .option(
      '--time-zone <zone>',
      'IANA zone of times that state none',
      readZone,
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .addHelpText(
      'before',
      'Examples:\n  mailward parse --stats /var/log/mail.log\n  tail -f /var/log/mail.log | mailward parse -\n',
    )
    .action((files: string[], options: ParseOptions) => parseFiles(files.length === 0 ? ['-'] : files, options));
}

function readZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new InvalidArgumentError('It is no zone of the IANA data base, such as Europe/Berlin.');
  }
}

async function parseFiles(files: readonly string[], options: ParseOptions): Promise<void> {
  keepMiddleCompiler();
  const context = { now: systemClock.now(), timeZone: options.timeZone };
  const statistics = options.stats === true ? createParseStatistics(context) : undefined;
  const show =
    options.json === true
      ? (event: MailEvent) => jsonSafe(eventToJson(event))
      : createParseRow(process.stdout, process.env);
  for (const file of files)
    try {
      await parseFile(file, options, statistics?.add ?? show);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The other files are told all the same.
      process.stderr.write(`mailward: ${error.message}\n`);
      process.exitCode = exitStatus.unreachable;
    }
  if (statistics === undefined) return;
  const summary = statistics.summary();
  const text =
    options.json === true
      ? jsonSafe(JSON.stringify(summary))
      : statistics.render(summary, terminalStyle(process.stdout, process.env));
  process.stdout.write(`${text}\n`);
}

/** One file, or standard input. What it cannot open or read is an error that names it. */
async function parseFile(
  file: string,
  options: ParseOptions,
  onEvent: (event: MailEvent, line: string) => string | undefined,
): Promise<void> {
  const parser = createLineParser({ now: systemClock.now(), timeZone: options.timeZone });
  let output = '';
  const reader = createLineReader((line) => {
    const text = onEvent(parser.parse(line), line);
    if (text !== undefined) output += `${text}\n`;
  });
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const chunk of input) {
      reader.push(chunk as Buffer);
      if (output !== '' && (file === '-' || output.length >= outputChars)) {
        await write(output);
        output = '';
      }
    }
  } catch (error) {
    reader.end();
    await write(output);
    throw new AppError('missing', `${terminalSafe(file)} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  reader.end();
  await write(output);
  if (reader.cutLines() > 0)
    process.stderr.write(`mailward: ${reader.cutLines()} lines were longer than is read, and cut\n`);
}

/** Waits for a slow reader, so that output never piles up in memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
