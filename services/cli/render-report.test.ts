import { expect, test } from 'vitest';
import { createLineParser } from '../logs/parse.ts';
import { createReport } from '../logs/report.ts';
import { renderReportHtml, renderReportText } from './render-report.ts';
import { composeMail } from './report-mail.ts';
import { describeReport } from './report-sections.ts';

const plain = { strong: (text: string) => text, weak: (text: string) => text, alarm: (text: string) => text };

/** Everything that a stranger can put into a log, as a sender, a client, a user and a reason. */
const hostile = '<script>alert(1)</script>"\'&\u001b]0;owned\u0007\u202egnp.exe';

/** Controls but for the end of a line, and what reorders text. */
const unseen = /(?!\n)[\p{Cc}\u202a-\u202e]/u;

function describeHostile() {
  const parser = createLineParser({ now: Date.parse('2026-11-22T23:00:00Z'), timeZone: 'UTC' });
  const report = createReport({ timeZone: 'UTC', rowsMax: 1 });
  const lines = [
    `A1B2C3D4E5: client=${hostile}[192.0.2.1], sasl_method=PLAIN, sasl_username=${hostile}`,
    `A1B2C3D4E5: from=<"${hostile}"@example.net>, size=2048, nrcpt=1 (queue active)`,
    `A1B2C3D4E5: to=<a@example.org>, relay=mx[198.51.100.1]:25, delay=90, delays=0/0/0/90, dsn=2.0.0, status=sent (ok)`,
    `A1B2C3D4E5: to=<b@example.org>, relay=mx[198.51.100.1]:25, delay=9000, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)`,
    `A1B2C3D4E5: to=<c@example.com>, relay=none, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (${hostile})`,
    `A1B2C3D4E5: to=<c@example.com>, relay=none, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (other words)`,
    `warning: ${hostile}`,
  ];
  for (const line of lines) report.add(parser.parse(`Nov 22 10:00:00 mx1 postfix/smtpd[1]: ${line}`));
  return describeReport(report.result(), { complete: false, sentence: `512 bytes are missing from ${hostile}.` });
}

test('the terminal shows whole tables, and nothing that it would obey', () => {
  const text = renderReportText(describeHostile(), plain, 100);
  expect(text).not.toMatch(unseen);
  expect(text).toContain('From 2026-11-22 10:00 to 2026-11-22 10:00. Times are of UTC.');
  expect(text).toContain('The log may not tell all of it: 512 bytes are missing');
  expect(text).toMatch(/^1 {2}received +2\.0 KiB$/m);
  expect(text).toMatch(/^2 {2}delivered +4\.0 KiB$/m);
  expect(text).toMatch(/^1 {2}deferred +2 attempts$/m);
  expect(text).toMatch(/^ +2 {2}4\.0 KiB +0 +0 +75\.8 min +2\.5 h {2}example\.org$/m);
  expect(text).toMatch(/^ +0 +0 B +2 +0 +- +- {2}other \(1 more\)$/m);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140);
});

test('the page is one document without markup of strangers and without anything from elsewhere', () => {
  const page = renderReportHtml(describeHostile());
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toMatch(/<(?:script|img|link|iframe|object|form|a)\b|\son\w+=|https?:/);
  expect(page).not.toMatch(unseen);
  const tags = [...page.matchAll(/<(\/?)(\w+)[^>]*?>/g)].filter(([, , tag]) => tag !== 'meta');
  const open: string[] = [];
  for (const [, slash, tag = ''] of tags) {
    if (slash === '') open.push(tag);
    else expect(open.pop()).toBe(tag);
  }
  expect(open).toEqual([]);
});

test('the mail has both forms in lines of its own width, and a subject of one line', () => {
  const { title } = describeHostile();
  const parts = {
    subject: `${title} of b\u00fccher.example\r\nBcc: x@example.org`,
    text: 'W\u00f6rter\n',
    html: `<p>${'x'.repeat(9_000)}</p>`,
  };
  const mail = composeMail(parts, 'postmaster@example.org', Date.parse('2026-11-22T10:00:00Z'));
  expect(mail.split('\n').every((line) => line.length <= 78)).toBe(true);
  const [head = '', body = ''] = mail.split(/\n\n(.*)/s);
  expect(head.split('\n').map((line) => line.split(':')[0])).toEqual([
    ...['To', 'Subject', 'Date', 'Auto-Submitted', 'MIME-Version', 'Content-Type'],
  ]);
  expect(head).toContain('Date: Sun, 22 Nov 2026 10:00:00 +0000');
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1] ?? '';
  const decoded = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => Buffer.from(part.split('\n\n')[1] ?? '', 'base64').toString());
  expect(decoded).toEqual([parts.text, parts.html]);
});
