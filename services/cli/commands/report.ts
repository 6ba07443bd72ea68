// `mailward report`: what mail did, from log files or from control, for a person, a mailbox or a script.
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { createLineParser } from '../../logs/parse.ts';
import { createReport } from '../../logs/report.ts';
import { AppError } from '../../protocol/errors.ts';
import { reportAnswerSchema, reportLimits } from '../../protocol/report.ts';
import { timeZoneName } from '../../protocol/time-zone.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ask } from '../ask-control.ts';
import { readLogFile } from '../read-log-file.ts';
import { readNumber } from '../read-number.ts';
import { renderReportHtml, renderReportText } from '../render-report.ts';
import { type Period, readInterval } from '../report-interval.ts';
import { sendReport } from '../report-mail.ts';
import { describeReport } from '../report-sections.ts';
import { jsonSafe, terminalStyle } from '../terminal.ts';

type ReportOptions = {
  readonly from?: string;
  readonly to?: string;
  readonly domain?: string;
  readonly file?: readonly string[];
  readonly url: string;
  readonly timeZone: string;
  readonly rows: string;
  readonly format: 'text' | 'html' | 'json';
  readonly mail?: string;
  readonly sendmail: string;
};
type Answer = z.output<typeof answerSchema>;

/** The same shape for both sources: what files tell has no completeness. */
const answerSchema = reportAnswerSchema.partial({ completeness: true });
/** Control reads the lines of the whole interval again. */
const answerWithinMs = 10 * 60_000;
const widthUnknown = 160;
const plain = { strong: (text: string) => text, weak: (text: string) => text, alarm: (text: string) => text };

export function registerReport(program: Command): void {
  program
    .command('report')
    .description('sum up what mail did: totals, domains, senders, reasons, failed sign-ins')
    .argument('[period]', 'daily (the last whole day) or weekly (the last seven)')
    .option('--from <time>', 'begin here: a date, a date and time, or an age such as 24h')
    .option('--to <time>', 'end here: likewise')
    .option('--domain <domain>', 'only mail from or to this domain; .example.org is that and all below it')
    .option(
      '--file <files...>',
      'read these log files (.gz and .zst too, - is standard input) instead of asking control',
    )
    .option('--url <url>', 'where control listens', 'http://127.0.0.1:7400')
    .option(
      '--time-zone <zone>',
      'IANA zone of days and hours, and of times that state none',
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .option('--rows <count>', 'how many rows a table lists', String(reportLimits.rowsDefault))
    .addOption(new Option('--format <format>', 'how it is written').choices(['text', 'html', 'json']).default('text'))
    .option('--mail <address>', 'hand it to sendmail for this address, as text and HTML')
    .option('--sendmail <program>', 'what --mail hands it to', '/usr/sbin/sendmail')
    .addHelpText(
      'before',
      'Examples:\n  mailward report daily\n  mailward report weekly --mail postmaster@example.org\n  mailward report --file /var/log/mail.log.1 /var/log/mail.log\n',
    )
    .action((period: string | undefined, options: ReportOptions) => report(readPeriod(period), options));
}

async function report(period: Period | undefined, options: ReportOptions): Promise<void> {
  if (!timeZoneName.safeParse(options.timeZone).success)
    throw new AppError('bad-query', `--time-zone ${options.timeZone} is no IANA time zone.`);
  const now = systemClock.now();
  const rows = readNumber('--rows', options.rows, 1, reportLimits.rowsMax);
  const interval = readInterval({ period, from: options.from, to: options.to }, { now, timeZone: options.timeZone });
  const asked = { ...interval, rows };
  const answer =
    options.file === undefined ? await askControl(asked, options) : await readFiles(options.file, asked, options, now);
  const described = describeReport(answer.report, answer.completeness);
  if (options.mail !== undefined) {
    const text = renderReportText(described, plain, Number.POSITIVE_INFINITY);
    const mail = { subject: described.title, text, html: renderReportHtml(described) };
    await sendReport(mail, options.mail, { sendmail: options.sendmail, clock: systemClock });
  } else process.stdout.write(written(answer, described, options.format));
}

function written(
  answer: Answer,
  described: ReturnType<typeof describeReport>,
  format: ReportOptions['format'],
): string {
  if (format === 'json') return `${jsonSafe(JSON.stringify(z.encode(answerSchema, answer)))}\n`;
  if (format === 'html') return renderReportHtml(described);
  return renderReportText(
    described,
    terminalStyle(process.stdout, process.env),
    process.stdout.columns ?? widthUnknown,
  );
}

type Asked = { readonly since?: number; readonly until?: number; readonly rows: number };

async function askControl({ since, until, rows }: Asked, options: ReportOptions): Promise<Answer> {
  const query = new URLSearchParams({ rows: String(rows), timeZone: options.timeZone });
  if (since !== undefined) query.set('since', new Date(since).toISOString());
  if (until !== undefined) query.set('until', new Date(until).toISOString());
  if (options.domain !== undefined) query.set('domain', options.domain);
  const answer = await ask(options.url, `/api/v1/reports?${query}`, reportAnswerSchema, answerWithinMs);
  if (answer === undefined) throw new AppError('protocol-mismatch', `Control at ${options.url} knows no reports.`);
  return answer.value;
}

async function readFiles(files: readonly string[], asked: Asked, options: ReportOptions, now: number): Promise<Answer> {
  const { timeZone, domain } = options;
  const fold = createReport({ since: asked.since, until: asked.until, domain, timeZone, rowsMax: asked.rows });
  let cut = 0;
  for (const file of files) {
    const parser = createLineParser({ now, timeZone });
    cut += await readLogFile(file, (line) => fold.add(parser.parse(line)));
  }
  if (cut > 0) process.stderr.write(`mailward: ${cut} lines were longer than is read, and cut\n`);
  return { report: fold.result() };
}

function readPeriod(text: string | undefined): Period | undefined {
  if (text === undefined || text === 'daily' || text === 'weekly') return text;
  throw new AppError('bad-query', `${text} is no period.`, { hint: 'Give daily, weekly, or --from and --to.' });
}
