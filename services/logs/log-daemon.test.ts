import { expect, test } from 'vitest';
import { createLineParser } from './parse.ts';

const parse = (text: string) =>
  createLineParser({ now: Date.UTC(2026, 10, 22, 6), timeZone: 'UTC' }).parse(`Nov 22 05:24:26 mx1 ${text}`);

test.each([
  ['systemd-journald[1]: Suppressed 12 messages from postfix.service', 12],
  ['systemd-journald[1]: Forwarding to syslog missed 44 messages.', 44],
  ['rsyslogd-2177: imuxsock lost 188 messages from pid 5765 due to rate-limiting', 188],
  ['rsyslogd-2177: imuxsock begins to drop messages from pid 5765 due to rate-limiting', 1],
  ['rsyslogd[123]: imjournal: 32 messages lost due to rate-limiting (20000 allowed within 600 seconds)', 32],
  ['rsyslogd: imuxsock[pid 12]: begin to drop messages due to rate-limiting', 1],
  ['last message repeated 7 times', 7],
  ['postfix/smtpd[4]: last message repeated 7 times', 7],
])('%s: lines that are not there', (text, suppressed) => {
  expect(parse(text)).toMatchObject({ suppressed });
  expect(parse(text).kind).not.toBe('unparsed');
});

test('a repeated message means what it says, once and so many times more', () => {
  const text = 'lost connection after AUTH from unknown[192.0.2.1]';
  const { suppressed, ...repeated } = parse(`postfix/smtpd[1]: message repeated 3 times: [ ${text}]`);
  expect(suppressed).toBe(3);
  expect({ ...repeated, suppressed: undefined }).toEqual(parse(`postfix/smtpd[1]: ${text}`));
});

test.each([
  'postfix/smtpd[1]: warning: hostname Suppressed 12 messages from postfix.service',
  'sshd[1]: Suppressed 12 messages from postfix.service',
  'postfix/smtpd[1]: message repeated many times: [ lost connection after AUTH from unknown[192.0.2.1]]',
  'postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 550 5.1.1 <message repeated 3 times: [ x]@b>: unknown; proto=SMTP',
])('%s is no word of the log daemon', (text) => {
  expect(parse(text).suppressed).toBeUndefined();
});
