// `mailward top`: who sends, receives, refuses and is refused most in the last minutes, asked of control again and again.
import type { Command } from 'commander';
import { AppError } from '../../protocol/errors.ts';
import { reportAnswerSchema, reportLimits } from '../../protocol/report.ts';
import { systemClock } from '../../runtime/clock.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { ask } from '../ask-control.ts';
import { readNumber } from '../read-number.ts';
import { jsonSafe, terminalStyle } from '../terminal.ts';
import { isTopSubject, renderTop, type TopSubject, topSubjects } from '../top.ts';

type TopOptions = {
  readonly minutes: string;
  readonly domain?: string;
  readonly rows: string;
  readonly every: string;
  readonly json?: boolean;
  readonly url: string;
};

const minutesMax = 24 * 60;
const everySecondsMax = 3_600;
const widthUnknown = 160;
const minuteMs = 60_000;
/** Cursor to the upper left, and everything from there on away (ECMA-48 CUP, ED). */
const clearScreen = '\u001b[H\u001b[J';

export function registerTop(program: Command): void {
  const subjects = Object.keys(topSubjects);
  program
    .command('top')
    .description('show who leads in the last minutes; on a terminal again and again')
    .argument('[subject]', subjects.join(', '), 'senders')
    .option('--minutes <count>', 'how far back', '10')
    .option('--domain <domain>', 'only mail from or to this domain; .example.org is that and all below it')
    .option('--rows <count>', 'how many rows', '20')
    .option('--every <seconds>', 'on a terminal, how often; 0 is once', '5')
    .option('--json', "control's answer as one JSON object, once")
    .option('--url <url>', 'where control listens', 'http://127.0.0.1:7400')
    .addHelpText('before', 'Examples:\n  mailward top\n  mailward top reasons --minutes 60 --domain example.org\n')
    .action((subject: string, options: TopOptions) => top(subject, options));
}

async function top(text: string, options: TopOptions): Promise<void> {
  if (!isTopSubject(text))
    throw new AppError('bad-query', `There is no top of ${text}.`, {
      hint: `Give ${Object.keys(topSubjects).join(', ')}.`,
    });
  const minutes = readNumber('--minutes', options.minutes, 1, minutesMax);
  const rows = readNumber('--rows', options.rows, 1, reportLimits.rowsMax);
  const everySeconds = readNumber('--every', options.every, 0, everySecondsMax);
  const isRepeated = process.stdout.isTTY === true && options.json !== true && everySeconds > 0;
  if (!isRepeated) {
    process.stdout.write(await show(text, minutes, rows, options));
    return;
  }
  // The shell's prompt goes on below what was shown last.
  process.on('SIGINT', () => process.exit(exitStatus.done));
  for (;;) {
    process.stdout.write(`${clearScreen}${await show(text, minutes, rows, options)}`);
    await new Promise<void>((resume) => systemClock.after(everySeconds * 1000, resume));
  }
}

async function show(subject: TopSubject, minutes: number, rows: number, options: TopOptions): Promise<string> {
  const until = systemClock.now();
  const query = new URLSearchParams({
    ...{ since: new Date(until - minutes * minuteMs).toISOString(), until: new Date(until).toISOString() },
    ...{ rows: String(rows), timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  });
  if (options.domain !== undefined) query.set('domain', options.domain);
  const answer = await ask(options.url, `/api/v1/reports?${query}`, reportAnswerSchema);
  if (answer === undefined) throw new AppError('protocol-mismatch', `Control at ${options.url} knows no reports.`);
  if (options.json === true) return `${jsonSafe(JSON.stringify(answer.body))}\n`;
  const style = terminalStyle(process.stdout, process.env);
  return renderTop(answer.value, subject, minutes, style, process.stdout.columns ?? widthUnknown);
}
