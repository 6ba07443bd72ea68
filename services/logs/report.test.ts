import { expect, test } from 'vitest';
import { createLineParser } from './parse.ts';
import { createReport, type ReportOptions } from './report.ts';
import { createReportClock } from './report-clock.ts';
import { createOpenMessages } from './report-messages.ts';
import { providerOf } from './report-provider.ts';
import { normaliseReason } from './report-reason.ts';
import { createReportTable } from './report-table.ts';
import { reportNamesMax } from './report-tables.ts';

const now = Date.parse('2026-11-22T23:00:00Z');
const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);

/** `10:00:00 smtpd[1]: …` as lines of one Postfix host, folded. */
function reportOf(lines: readonly string[], options: Partial<ReportOptions> = {}) {
  const parser = createLineParser({ now, timeZone: 'UTC' });
  const report = createReport({ timeZone: 'UTC', ...options });
  for (const line of lines) {
    const [clock, rest] = [line.slice(0, 8), line.slice(9)];
    report.add(parser.parse(`Nov 22 ${clock} mx1 ${rest.startsWith('dovecot') ? rest : `postfix/${rest}`}`));
  }
  return report.result();
}

const message = (id: string, from: string, to: string, clock: string, status = 'sent (250 2.0.0 Ok)') => [
  `${clock} smtpd[1]: ${id}: client=mail.example.net[192.0.2.7]`,
  `${clock} qmgr[2]: ${id}: from=<${from}>, size=1000, nrcpt=1 (queue active)`,
  `${clock} smtp[3]: ${id}: to=<${to}>, relay=mx.example.org[198.51.100.9]:25, delay=2, delays=1/0/0/1, dsn=2.0.0, status=${status}`,
  ...(status.startsWith('deferred') ? [] : [`${clock} qmgr[2]: ${id}: removed`]),
];

test('a message counts once, its attempts each', () => {
  const { totals, byHour, domains, recipients } = reportOf([
    ...message('A1B2C3D4E5', 'Bob@Example.NET', 'ann@example.org', '10:00:00', 'deferred (connect to mx: timed out)'),
    '10:10:00 smtp[3]: A1B2C3D4E5: to=<ann@example.org>, relay=none, delay=600, delays=1/0/0/1, dsn=4.4.1, status=deferred (connect to mx: timed out)',
    '11:10:00 qmgr[2]: A1B2C3D4E5: from=<Bob@Example.NET>, size=1000, nrcpt=1 (queue active)',
    '11:10:01 smtp[3]: A1B2C3D4E5: to=<ann@example.org>, relay=mx.example.org[198.51.100.9]:25, delay=4200, delays=1/0/0/1, dsn=2.0.0, status=sent (250 ok)',
    '11:10:02 qmgr[2]: A1B2C3D4E5: removed',
    ...message('A1B2C3D4E6', 'Bob@example.net', 'zed@example.org', '11:20:00', 'bounced (host mx said: 550 no)'),
    '11:30:00 smtpd[9]: NOQUEUE: reject: RCPT from bad.example[203.0.113.1]: 554 5.7.1 <x@y>: Relay access denied; from=<a@b> to=<x@y> proto=ESMTP helo=<c>',
  ]);
  expect(totals).toMatchObject({
    ...{ lines: 12, received: 2, delivered: 1, deferred: 1, deferrals: 2, bounced: 1, rejected: 1 },
    ...{ bytesReceived: 2000, bytesDelivered: 1000, senders: 1, sendingDomains: 1, recipients: 1, recipientDomains: 1 },
  });
  expect([byHour[10], byHour[11]]).toEqual([
    { received: 1, delivered: 0, deferred: 2, bounced: 0, rejected: 0 },
    { received: 1, delivered: 1, deferred: 0, bounced: 1, rejected: 1 },
  ]);
  expect(domains.rows).toEqual([
    {
      ...{ name: 'example.org', delivered: 1, bytes: 1000, deferred: 2, bounced: 1 },
      ...{ delayMs: 4_200_000, delayMaxMs: 4_200_000 },
    },
  ]);
  expect(recipients.rows).toEqual([{ name: 'ann@example.org', messages: 1, bytes: 1000 }]);
});

/** A filter on the same machine takes the message and hands it back under another id; `origin` is what the second line tells of the first. */
const filtered = (origin: string) => [
  '10:00:00 smtpd[1]: A1B2C3D4E5: client=mail.example.net[192.0.2.7]',
  '10:00:00 qmgr[2]: A1B2C3D4E5: from=<a@example.net>, size=1000, nrcpt=1 (queue active)',
  `10:00:01 smtpd[4]: F1F2F3F4F5: client=localhost[127.0.0.1]${origin}`,
  '10:00:01 qmgr[2]: F1F2F3F4F5: from=<a@example.net>, size=1500, nrcpt=1 (queue active)',
  '10:00:02 lmtp[5]: F1F2F3F4F5: to=<b@example.org>, relay=mx1[private/lmtp], delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 ok)',
  '10:00:02 qmgr[2]: F1F2F3F4F5: removed',
  '10:00:03 smtp[3]: A1B2C3D4E5: to=<b@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=2, delays=1/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as F1F2F3F4F5)',
  '10:00:03 qmgr[2]: A1B2C3D4E5: removed',
];

test.each([', orig_queue_id=A1B2C3D4E5', ''])('what a filter hands back is the same message (%s)', (origin) => {
  const { totals, senders, clients, byDay } = reportOf(filtered(origin));
  expect(totals).toMatchObject({ received: 1, delivered: 1, filtered: 1, bytesReceived: 1000, bytesDelivered: 1500 });
  expect(senders.rows).toEqual([{ name: 'a@example.net', messages: 1, bytes: 1000 }]);
  expect(clients.rows.map(({ name }) => name)).toEqual(['mail.example.net[192.0.2.7]']);
  expect(byDay.rows).toEqual([{ name: '2026-11-22', received: 1, delivered: 1, deferred: 0, bounced: 0, rejected: 0 }]);
});

test('a domain is a scope: mail from it, mail to it, and its users', () => {
  const lines = [
    ...message('A1B2C3D4E5', 'a@example.net', 'b@example.org', '10:00:00'),
    ...message('A1B2C3D4E6', 'c@Example.ORG', 'd@example.com', '10:00:00'),
    ...message('A1B2C3D4E7', 'a@example.net', 'd@example.com', '10:00:00'),
    '10:00:00 smtpd[9]: NOQUEUE: reject: RCPT from x[203.0.113.1]: 550 5.1.1 <n@example.org>: Recipient address rejected: User unknown; from=<a@b> to=<n@example.org> proto=ESMTP helo=<c>',
    '10:00:00 smtpd[9]: NOQUEUE: reject: RCPT from x[203.0.113.1]: 550 5.1.1 <n@example.com>: Recipient address rejected: User unknown; from=<a@b> to=<n@example.com> proto=ESMTP helo=<c>',
    '10:00:00 smtpd[9]: warning: unknown[203.0.113.1]: SASL LOGIN authentication failed: x, sasl_username=u@example.org',
    '10:00:00 smtpd[9]: warning: unknown[203.0.113.1]: SASL LOGIN authentication failed: x, sasl_username=u@example.com',
    '10:00:00 smtpd[9]: warning: something is wrong',
  ];
  const whole = reportOf(lines).totals;
  expect(whole).toMatchObject({ received: 3, delivered: 3, rejected: 2, authFailures: 2, warnings: 1 });
  const { totals, domain, authFailuresByUser } = reportOf(lines, { domain: 'EXAMPLE.org' });
  expect(totals).toMatchObject({ received: 2, delivered: 2, rejected: 1, authFailures: 1, warnings: 0, senders: 2 });
  expect([domain, authFailuresByUser.rows]).toEqual(['example.org', [{ name: 'u@example.org', count: 1 }]]);
});

test('lines before the interval tell the size of what is delivered in it, and count nothing', () => {
  const lines = message('A1B2C3D4E5', 'a@example.net', 'b@example.org', '10:00:00', 'deferred (later)');
  lines.push(
    '12:00:00 smtp[3]: A1B2C3D4E5: to=<b@example.org>, relay=none, delay=9, delays=1/0/0/1, dsn=4.4.1, status=deferred (later)',
    '12:30:00 smtp[3]: A1B2C3D4E5: to=<b@example.org>, relay=mx[198.51.100.9]:25, delay=9, delays=1/0/0/1, dsn=2.0.0, status=sent (250 ok)',
    '14:00:00 smtpd[1]: A1B2C3D4E6: client=mail.example.net[192.0.2.7]',
  );
  const { totals, firstAt, lastAt } = reportOf(lines, { since: at('11:00:00'), until: at('13:00:00') });
  expect(totals).toMatchObject({
    ...{ lines: 2, received: 0, bytesReceived: 0, delivered: 1, bytesDelivered: 1000 },
    ...{ deferred: 0, deferrals: 1, deliveredWithoutSize: 0 },
  });
  expect([firstAt, lastAt]).toEqual([at('12:00:00'), at('12:30:00')]);
});

test('one failed sign-in counts once, though several daemons report it', () => {
  const { totals, authFailuresByUser, authFailuresByAddress } = reportOf([
    '10:00:00 dovecot: auth: passwd-file(u@example.org,203.0.113.1,<abc>): Password mismatch',
    '10:00:02 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<u@example.org>, method=PLAIN, rip=203.0.113.1, lip=192.0.2.1, session=<abc>',
  ]);
  expect(totals.authFailures).toBe(1);
  expect(authFailuresByUser.rows).toEqual([{ name: 'u@example.org', count: 1 }]);
  expect(authFailuresByAddress.rows).toEqual([{ name: '203.0.113.1', count: 1 }]);
});

test('tables stay within their bound, lose nothing of the sums, and still find what becomes frequent late', () => {
  const namesMax = 100;
  const table = createReportTable(['count', 'sizeMax'] as const, namesMax);
  for (let name = 0; name < 5_000; name += 1) table.add(`rare${name}`, { count: 1, sizeMax: name });
  for (let times = 0; times < 500; times += 1) table.add('late', { count: 1 });
  const { rows, other, names, atLeast } = table.result(3);
  expect(rows[0]).toEqual({ name: 'late', count: 500, sizeMax: 0 });
  expect(rows.reduce((sum, row) => sum + row.count, other.count)).toBe(5_500);
  expect(Math.max(other.sizeMax, ...rows.map((row) => row.sizeMax))).toBe(4_999);
  expect([names <= namesMax, atLeast]).toEqual([true, true]);
  const full = createReportTable(['count'] as const, 4);
  for (const [name, count] of Object.entries({ a: 2, b: 2, c: 2, d: 1, e: 1 })) full.add(name, { count });
  expect(full.result(9)).toEqual({
    rows: ['b', 'c', 'e'].map((name) => ({ name, count: name === 'e' ? 1 : 2 })),
    ...{ other: { count: 3 }, names: 4, atLeast: true },
  });
  full.add('a', { count: -2 });
  expect(full.result(9)).toMatchObject({ rows: [{}, {}, {}], other: { count: 1 } });
  const ranked = createReportTable(['delivered', 'bounced'] as const, namesMax, ['delivered', 'bounced']);
  ranked.add('takes some', { delivered: 2 });
  ranked.add('refuses all', { bounced: 3 });
  expect(ranked.result(1).rows).toEqual([{ name: 'refuses all', delivered: 0, bounced: 3 }]);
  const long = createReportTable(['count'] as const, namesMax);
  for (let times = 0; times < 3; times += 1) long.add('x'.repeat(10_000), { count: 1 });
  expect(long.result(1).rows).toEqual([{ name: 'x'.repeat(256), count: 3 }]);
});

test('a day of hostile times and names is held to the named bounds', () => {
  const report = createReport({ timeZone: 'UTC', rowsMax: 5 });
  const parser = createLineParser({ now, timeZone: 'UTC' });
  for (let at = 0; at < reportNamesMax.days * 2; at += 1) {
    const time = new Date(at * 2 * 86_400_000).toISOString();
    report.add(
      parser.parse(`${time} mx1 postfix/smtpd[1]: A${(0xa0000 + at).toString(16).toUpperCase()}: client=x[192.0.2.1]`),
    );
  }
  const { byDay, totals } = report.result();
  expect(totals.received).toBe(reportNamesMax.days * 2);
  expect(byDay.rows.length).toBeLessThanOrEqual(reportNamesMax.days);
  expect(byDay.rows.reduce((sum, row) => sum + row.received, byDay.other.received)).toBe(totals.received);
});

test('messages on their way are held to a bound, the oldest going first', () => {
  const messages = createOpenMessages(2);
  const parser = createLineParser({ now, timeZone: 'UTC' });
  const events = ['A1B2C3D4E1', 'A1B2C3D4E2', 'A1B2C3D4E3'].map((id) =>
    parser.parse(`Nov 22 10:00:00 mx1 postfix/smtpd[1]: ${id}: client=x[192.0.2.1]`),
  );
  for (const event of events) messages.begin(event, 'mx1');
  expect(events.map((event) => messages.find(event.queueId ?? '', event, 'mx1')?.receivedAt !== undefined)).toEqual([
    ...[false, true, true],
  ]);
});

test.each([
  [
    'host mx.example.org[192.0.2.1] said: 451 4.7.1 <a@b.example>: Greylisted, try again in 300 seconds (in reply to RCPT TO command)',
    '451 4.7.1 Greylisted, try again in N seconds',
  ],
  [
    'host gmail-smtp-in.l.google.com[2a00:1450::1b] said: 550-5.1.1 The email account that you tried to reach does not exist. https://support.google.com/mail/?p=NoSuchUser a640c23a62f3a-9b7si1234 - gsmtp (in reply to RCPT TO command)',
    '550 5.1.1 The email account that you tried to reach does not exist. … - gsmtp',
  ],
  ['connect to mx.example.org[2001:db8::1]:25: Connection timed out', 'connect to …: Connection timed out'],
  [
    'Host or domain name not found. Name service error for name=nope.example type=A: Host not found',
    'Host or domain name not found. Name service error for name=… type=A: Host not found',
  ],
  [
    '554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.7',
    '554 5.7.1 Service unavailable; Client host … blocked using zen.spamhaus.org; …',
  ],
  [
    'write(/srv/mail/example.org/ann/tmp/1795.M1P2.mx1) failed: No space left on device',
    'write(/srv/mail/…) failed: No space left on device',
  ],
  ['', ''],
])('%s', (reason, normalised) => {
  expect(normaliseReason(reason)).toBe(normalised);
});

test('a hostile reason costs little', () => {
  for (const unit of ['a@', '[[', '<<', '/a', '1:', '. ', '…, '])
    expect(normaliseReason(unit.repeat(30_000)).length).toBeLessThanOrEqual(120);
});

test('providers are told by the end of a name, not by a part of it', () => {
  expect(providerOf('gmail-smtp-in.l.google.com')).toBe('google');
  expect(providerOf('example-org.mail.protection.outlook.com')).toBe('microsoft');
  expect(providerOf('mx3.qq.com')).toBe('tencent');
  expect(providerOf('notgoogle.com')).toBe('other');
  expect(providerOf('google.com.evil.example')).toBe('other');
});

test('days and hours are those of the zone, in summer and winter', () => {
  const local = createReportClock('Europe/Berlin');
  expect(local(Date.parse('2026-11-22T23:30:00Z'))).toEqual({ day: '2026-11-23', hour: 0 });
  expect(local(Date.parse('2026-07-01T22:15:00Z'))).toEqual({ day: '2026-07-02', hour: 0 });
  expect(createReportClock('No/Where')(Date.parse('2026-07-01T22:15:00Z'))).toEqual({ day: '2026-07-01', hour: 22 });
});
