import { expect, test } from 'vitest';
import { createLineParser } from '../../logs/parse.ts';
import { batchLimits } from '../../protocol/ingest.ts';
import { concernsMail, journalConfigSchema, journalMatches } from './journal-config.ts';
import { readJournalEntry } from './journal-entry.ts';
import { placeToResume } from './journal-position.ts';

const entry = (parts: object) =>
  JSON.stringify({
    ...{ __CURSOR: 's=1;i=2', __REALTIME_TIMESTAMP: '1795324200000001', _HOSTNAME: 'mx1' },
    ...{ SYSLOG_IDENTIFIER: 'postfix/smtpd', _PID: '4711', MESSAGE: 'connect from a.example[192.0.2.1]' },
    ...parts,
  });
const text = (parts: object) => readJournalEntry(entry(parts))?.bytes.toString('utf8');
const head = '2026-11-22T05:10:00.000001+00:00 mx1';

test('an entry becomes the line that rsyslog would have written, and is parsed as such', () => {
  const line = text({}) ?? '';
  expect(line).toBe(`${head} postfix/smtpd[4711]: connect from a.example[192.0.2.1]\n`);
  const event = createLineParser({ now: Date.now(), timeZone: 'UTC' }).parse(line.trimEnd());
  expect(event).toMatchObject({ kind: 'connect', host: 'mx1', pid: 4711, timeConfidence: 'exact' });
});

test.each<[string, object, string]>([
  ['the pid that the program said goes first', { SYSLOG_PID: '7' }, `${head} postfix/smtpd[7]: connect`],
  ['no identifier', { SYSLOG_IDENTIFIER: undefined, _COMM: 'spamd' }, `${head} spamd[4711]: connect`],
  ['neither', { SYSLOG_IDENTIFIER: null, _PID: undefined }, `${head} unknown: connect`],
  ['a message of bytes', { MESSAGE: [0x63, 0x66, 0xc3, 0xa4] }, `${head} postfix/smtpd[4711]: cfä\n`],
  ['a field that is there twice', { MESSAGE: ['one', 'two'] }, `${head} postfix/smtpd[4711]: one\n`],
  ['several lines', { MESSAGE: 'a\nb\n' }, `${head} postfix/smtpd[4711]: a#012b\n`],
])('%s', (_what, parts, begin) => {
  expect(text(parts)?.startsWith(begin)).toBe(true);
});

test('an overlong message is cut, and what is no entry is none', () => {
  expect(text({ MESSAGE: 'x'.repeat(200_000) })?.length).toBe(batchLimits.lineBytesMax);
  for (const json of ['', '{', '[]', '{"__CURSOR":"a"}', entry({ __REALTIME_TIMESTAMP: 'x' })])
    expect(readJournalEntry(json)).toBeUndefined();
});

test('the mail facility, the units and the identifiers are asked for, and nothing else', () => {
  const config = journalConfigSchema.parse({ units: ['postfix.service'], identifiers: ['mymta'] });
  expect(journalMatches(config).join(' ')).toBe(
    'SYSLOG_FACILITY=2 + _SYSTEMD_UNIT=postfix.service + SYSLOG_IDENTIFIER=mymta + SYSLOG_IDENTIFIER=systemd-journald + SYSLOG_IDENTIFIER=rsyslogd',
  );
  expect(journalConfigSchema.safeParse({ units: ['a=b'] }).success).toBe(false);
});

test.each([
  ['systemd-journald[1]: Suppressed 12 messages from postfix.service', true],
  ['systemd-journald[1]: Suppressed 12 messages from /system.slice/postfix.service', true],
  ['systemd-journald[1]: Suppressed 12 messages from ssh.service', false],
  ['systemd-journald[1]: Journal started', false],
  ['rsyslogd: imjournal: 77 messages lost due to rate-limiting (20000 allowed within 600 seconds)', true],
  ['rsyslogd: [origin software="rsyslogd"] start', false],
  ['postfix/smtpd[1]: connect from a[192.0.2.1]', true],
])('of what log daemons say about themselves only mail’s losses are taken: %s', (line, isTaken) => {
  expect(concernsMail(`${head} ${line}`, journalConfigSchema.parse({}))).toBe(isTaken);
});

test('it goes on where control stands, whether the last batch arrived or not', () => {
  const place = (offset: number) => ({ offset, cursor: String(offset) });
  const position = { version: 1, sourceId: 'a', acked: place(100), sent: place(200) } as const;
  expect(placeToResume(position, 200)).toEqual(place(200));
  expect(placeToResume(position, 100)).toEqual(place(100));
  expect(placeToResume({ ...position, acked: undefined }, 0)).toBeUndefined();
});
