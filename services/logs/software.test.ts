import { expect, test } from 'vitest';
import { createLineParser } from './parse.ts';

const parse = (line: string) =>
  createLineParser({ now: Date.parse('2026-11-22T06:00:00Z'), timeZone: 'UTC' }).parse(line);

test('a daemon that several softwares call alike is known by its words', () => {
  const of = (text: string) => parse(`Nov 22 05:24:26 mx1 imapd[9]: ${text}`).software;
  expect(of('LOGIN FAILED, user=anna, ip=[::ffff:192.0.2.66]')).toBe('courier');
  expect(of('badlogin: bad.example [192.0.2.66] plaintext anna SASL(-13): authentication failure')).toBe('cyrus');
  expect(of('Login failed user=anna auth=anna host=bad.example [192.0.2.66]')).toBe('uw-imap');
  expect(of('hello')).toBeUndefined();
});

test('Postfix and Dovecot keep their words, whoever else uses them', () => {
  const words = [
    'Relaying denied. IP name lookup failed [192.0.2.66]',
    'H=bad.example [192.0.2.66] F=<x@bad.example> rejected RCPT <a@corp.example>: relay not permitted',
    'login authenticator failed for (x) [192.0.2.66]: 535 Incorrect authentication data',
    '[ID 702911 mail.info] 5AMaBc12005133: from=<a@corp.example>, size=1, nrcpts=0, relay=[192.0.2.66]',
  ];
  for (const text of words) {
    expect(parse(`Nov 22 05:24:26 mx1 postfix/smtpd[9]: ${text}`).software).toBe('postfix');
    expect(parse(`Nov 22 05:24:26 mx1 dovecot: imap-login: ${text}`).software).toBe('dovecot');
  }
});

test('what a program that has nothing to do with mail says stays unparsed', () => {
  const lines = [
    'Nov 22 05:24:26 mx1 sshd[9]: Failed password for anna from 192.0.2.66 port 4000 ssh2',
    'Nov 22 05:24:26 mx1 sshd[9]: Connection from 192.0.2.66 port 4000 on 192.0.2.1 port 22',
    'Nov 22 05:24:26 mx1 systemd[1]: Started Session 4 of User anna.',
    'Nov 22 05:24:26 mx1 kernel: [12.345678] eth0: link up',
    'Nov 22 05:24:26 mx1 sudo: pam_unix(sudo:auth): authentication failure; logname=anna uid=0 rhost=  user=anna',
    '2026-11-22 05:24:26 [info] something [192.0.2.1] happened',
    '[22/Nov/2026 05:24:26] hello',
    '<html><body>hello</body></html>',
    '# a comment',
    '2026-11-22 05:24:26 install rspamd:amd64 <none> 3.4-1',
    '2026-11-22 05:24:26 status unpacked mariadb-server:amd64 1:10.11.19',
  ];
  for (const line of lines) expect(parse(line), line).toMatchObject({ kind: 'unparsed' });
});

test('lists are bounded', () => {
  const paths = Array.from({ length: 1200 }, (_, index) => `<p${index}@corp.example>`).join(',');
  const amavis = parse(
    `Nov 22 05:24:26 mx1 amavis[9]: (1-1) Passed CLEAN, [192.0.2.7] <a@corp.example> -> ${paths}, 2 ms`,
  );
  expect(amavis).toMatchObject({ to: 'p0@corp.example', nrcpt: 1000 });
  const numbers = Array.from(
    { length: 40 },
    (_, index) => `Abc_${'x'.repeat(1 + (index % 9))}${'y'.repeat(1 + Math.floor(index / 9))}: 1`,
  );
  const slow = parse(`# Query_time: 2.0  ${numbers.join('  ')}`);
  expect(Object.keys(slow.counters ?? {})).toHaveLength(32);
  const fields = Array.from({ length: 80 }, (_, index) => `k${index}=1`).join(', ');
  expect(
    parse(`Nov 22 05:24:26 mx1 sm-mta[9]: 5AMaBc12005133: from=<a@b.example>, ${fields}, size=7`).size,
  ).toBeUndefined();
});

test('times of programs’ own logs', () => {
  const at = (line: string) => {
    const { time, timeConfidence } = parse(line);
    return [new Date(time).toISOString(), timeConfidence];
  };
  const wall = ['2026-11-22T05:24:26.000Z', 'zone-assumed'];
  expect(at('[22/Nov/2026 05:24:26] x')).toEqual(wall);
  expect(at('Nov-22-26 05:24:26 x')).toEqual(wall);
  expect(at('Sun Nov 22 05:24:26 2026 -> x')).toEqual(wall);
  expect(at('22-11-2026 05:24:26   SMTP Server: x')).toEqual(wall);
  expect(at('11/22/2026 05:24:26 [LOGIN] x')).toEqual(wall);
  expect(at('[28325:00010-37] 22-11-2026 05:24:26   smtp: x')).toEqual(wall);
  expect(at('261122  5:24:26 [Note] x')).toEqual(wall);
  expect(at('2026-11-22  5:24:26 0 [Note] x')).toEqual(wall);
  expect(at('<co ts="2026-11-22T05:24:26.94" pi="1"/>')).toEqual(wall);
  expect(at('[22-Nov-2026 05:24:26 +0130]: x')).toEqual(['2026-11-22T03:54:26.000Z', 'exact']);
  expect(at('2026-11-22 05:24:26 -0100 1xAbCd-0000Dq-8i Completed')).toEqual(['2026-11-22T06:24:26.000Z', 'exact']);
  expect(at('[31/Feb/2026 05:24:26] x')[1]).toBe('none');
  expect(at('[22/Nov/2026 25:24:26] x')[1]).toBe('none');
});
