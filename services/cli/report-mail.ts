// A report as a mail, handed to the machine's own sendmail(1) as cron does: the queue retries, and no password is kept.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { terminalSafe } from './terminal.ts';

const lineChars = 76;
const sendWithinMs = 60_000;
const addressSchema = z.email();

export type ReportMail = { readonly subject: string; readonly text: string; readonly html: string };

/** Text and HTML as alternatives (RFC 2046 5.1.4), both in base64, so that no line is too long and no byte is lost. */
export function composeMail(mail: ReportMail, to: string, now: number): string {
  // No line of base64 contains it.
  const boundary = `=_mailward_${now.toString(36)}`;
  const part = (type: string, text: string): string =>
    `--${boundary}\nContent-Type: ${type}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${wrapped(text)}\n`;
  return [
    `To: <${to}>`,
    `Subject: ${headerText(mail.subject)}`,
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    '',
    `${part('text/plain', mail.text)}${part('text/html', mail.html)}--${boundary}--`,
    '',
  ].join('\n');
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const wrapped = (text: string): string => base64(text).replace(new RegExp(`.{${lineChars}}(?=.)`, 'g'), '$&\n');

/** RFC 2047 where it must be. A domain is all that a subject takes in, so one encoded word is enough for what fits a line. */
function headerText(text: string): string {
  const safe = terminalSafe(text).slice(0, 200);
  if (/^[\x20-\x7e]*$/.test(safe)) return safe;
  return `=?utf-8?B?${base64([...safe].slice(0, 15).join(''))}?=`;
}

/** @throws AppError `bad-query` for what is no address, `unreachable` when sendmail does not take the mail. */
export async function sendReport(
  mail: ReportMail,
  to: string,
  deps: { readonly sendmail: string; readonly clock: Clock },
): Promise<void> {
  if (!addressSchema.safeParse(to).success)
    throw new AppError('bad-query', `--mail ${terminalSafe(to)} is no mail address.`);
  const { sendmail, clock } = deps;
  const child = spawn(sendmail, ['-i', '--', to], { stdio: ['pipe', 'inherit', 'inherit'] });
  const cancel = clock.after(sendWithinMs, () => child.kill());
  const ended = once(child, 'close').catch((cause: unknown) => {
    throw new AppError('unreachable', `${terminalSafe(sendmail)} cannot be started: ${(cause as Error).message}`, {
      cause,
      hint: 'Name the program with --sendmail.',
    });
  });
  // A program that ends early closes its input: what it says by its status is what counts.
  child.stdin.on('error', () => {});
  child.stdin.end(composeMail(mail, to, clock.now()));
  const [status] = (await ended.finally(cancel)) as [number | null];
  if (status !== 0)
    throw new AppError('unreachable', `${terminalSafe(sendmail)} did not take the mail (status ${status ?? 'none'}).`);
}
