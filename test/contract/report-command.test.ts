// `mailward report` as a process over files: its forms, its mail, and how it ends.
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportAnswerSchema } from '../../services/protocol/report.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

const main = join(import.meta.dirname, '../../services/cli/main.ts');
let folder: string;
let log: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-report-'));
  log = join(folder, 'mail.log');
  const lines = (['sent', 'deferred', 'bounced'] as const).flatMap((status, at) =>
    messageLines({
      ...{ at: `2026-11-2${at}T10:00:00Z`, queueId: queueIdOf(at), from: 'a@example.net', status },
      to: `b@to${at}.example`,
    }),
  );
  const text = `${lines.join('\n')}\n`;
  writeFileSync(log, text);
  writeFileSync(`${log}.gz`, gzipSync(text));
  writeFileSync(`${log}.zst`, zstdCompressSync(text));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function report(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      main,
      'report',
      '--time-zone',
      'UTC',
      ...args,
    ]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}
const totalsOf = ({ stdout }: { stdout: string }) =>
  reportAnswerSchema.partial({ completeness: true }).parse(JSON.parse(stdout)).report.totals;

test.each(['', '.gz', '.zst'])('mail.log%s is summed up', async (ending) => {
  const totals = totalsOf(await report('--file', `${log}${ending}`, '--format', 'json'));
  expect(totals).toMatchObject({ lines: 14, received: 3, delivered: 1, deferred: 1, bounced: 1, bytesReceived: 3600 });
});

test('an interval and a domain narrow it', async () => {
  const day = totalsOf(await report('daily', '--from', '2026-11-21', '--file', log, '--format', 'json'));
  expect(day).toMatchObject({ lines: 4, received: 1, deferred: 1, delivered: 0 });
  const domain = totalsOf(await report('--domain', 'to2.example', '--file', log, '--format', 'json'));
  expect(domain).toMatchObject({ received: 1, bounced: 1, delivered: 0, deferred: 0 });
});

test('it is a page, and text by itself', async () => {
  const page = await report('--file', log, '--format', 'html');
  expect(page.stdout).toMatch(/^<!DOCTYPE html>[\s\S]*<\/html>\n$/);
  const text = await report('--file', log);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toMatch(/^Mail report\nFrom 2026-11-20 10:00 to 2026-11-22 10:00\. Times are of UTC\.\n/);
  expect(text.stdout).toContain('\n3  received');
});

test('it is handed to sendmail, whose refusal is a failure', async () => {
  const sendmail = join(folder, 'sendmail');
  writeFileSync(sendmail, `#!/bin/sh\necho "$@" > "${folder}/args"\ncat > "${folder}/mail"\n`);
  chmodSync(sendmail, 0o755);
  const sent = await report('--file', log, '--mail', 'postmaster@example.org', '--sendmail', sendmail);
  expect(sent).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(readFileSync(join(folder, 'args'), 'utf8')).toBe('-i -- postmaster@example.org\n');
  expect(readFileSync(join(folder, 'mail'), 'utf8')).toMatch(/^To: <postmaster@example\.org>\nSubject: Mail report\n/);
  writeFileSync(sendmail, '#!/bin/sh\nexit 75\n');
  const refused = await report('--file', log, '--mail', 'postmaster@example.org', '--sendmail', sendmail);
  expect([refused.code, refused.stderr]).toEqual([3, `mailward: ${sendmail} did not take the mail (status 75).\n`]);
});

test.each([
  [['--file', '/nonexistent/mail.log'], 3, /nonexistent.mail\.log cannot be read/],
  [['--file', '/nonexistent/mail.log.gz'], 3, /nonexistent.mail\.log\.gz cannot be read/],
  [['monthly'], 2, /monthly is no period/],
  [['--time-zone', 'No/Where'], 2, /No\/Where is no IANA time zone/],
  [['--rows', '0'], 2, /--rows 0 is not a number/],
  [['--file', '/dev/null', '--mail', '-x@y'], 2, /is no mail address/],
  [['--file', '/dev/null', '--mail', 'a@example.org', '--sendmail', '/nonexistent/sendmail'], 3, /cannot be started/],
  [['--url', 'http://127.0.0.1:1'], 3, /Control does not answer/],
])('%j ends with status %i and says why', async (args, code, words) => {
  const answer = await report(...args);
  expect(answer.code).toBe(code);
  expect(answer.stderr).toMatch(words);
});
