import { describe, expect, test } from 'vitest';
import { createLineParser, lineCharsMax } from '../parse.ts';

const now = Date.parse('2026-11-22T06:00:00Z');
const removed = 'postfix/qmgr[9]: A53AE5C62D: removed';
const parse = (line: string, context = { now, timeZone: 'UTC' }) => createLineParser(context).parse(line);
const timeOf = (line: string, context?: { now: number; timeZone: string }) => {
  const { time, timeConfidence } = parse(line, context);
  return [new Date(time).toISOString(), timeConfidence];
};

describe('every header form gives time, host, program and message', () => {
  const forms: ReadonlyArray<readonly [string, string, string, string | undefined]> = [
    ['RFC 3164', `Nov 22 05:24:26 mx1 ${removed}`, 'year-assumed', 'mx1'],
    ['RFC 3164 with <PRI>', `<22>Nov 22 05:24:26 mx1 ${removed}`, 'year-assumed', 'mx1'],
    ['RFC 3164 without a host', `<22>Nov 22 05:24:26 ${removed}`, 'year-assumed', undefined],
    ['a year after the day', `Nov 22 2026 05:24:26 mx1 ${removed}`, 'zone-assumed', 'mx1'],
    ['facility and severity (FreeBSD -vv)', `Nov 22 05:24:26 <mail.info> mx1 ${removed}`, 'year-assumed', 'mx1'],
    ['an IPv6 host', `Nov 22 05:24:26 2001:db8::1 ${removed}`, 'year-assumed', '2001:db8::1'],
    ['RFC 3339', `2026-11-22T05:24:26.000000+00:00 mx1 ${removed}`, 'exact', 'mx1'],
    ['RFC 3339 in UTC', `2026-11-22T05:24:26Z mx1 ${removed}`, 'exact', 'mx1'],
    ['an offset without a colon (journalctl)', `2026-11-22T06:24:26+0100 mx1 ${removed}`, 'exact', 'mx1'],
    ['no zone', `2026-11-22 05:24:26 mx1 ${removed}`, 'zone-assumed', 'mx1'],
    ['RFC 5424', '<22>1 2026-11-22T05:24:26Z mx1 postfix/qmgr 9 - - A53AE5C62D: removed', 'exact', 'mx1'],
    [
      'RFC 5424 with data and BOM, without <PRI>',
      '1 2026-11-22T05:24:26Z mx1 postfix/qmgr 9 id [a@1 k="x\\"]y"][b@1] \ufeffA53AE5C62D: removed',
      'exact',
      'mx1',
    ],
    ['TAI64N', `@400000006a912944${'00000000'} ${removed}`, 'exact', undefined],
  ];
  test.each(forms)('%s', (_name, line, confidence, host) => {
    const event = parse(line);
    expect(event).toMatchObject({ kind: 'removed', queueId: 'A53AE5C62D', pid: 9, timeConfidence: confidence });
    expect(event.host).toBe(host);
    expect(event.program).toBe('postfix/qmgr');
    if (!line.startsWith('@')) expect(new Date(event.time).toISOString()).toBe('2026-11-22T05:24:26.000Z');
  });

  test('they may be mixed in one file', () => {
    const parser = createLineParser({ now, timeZone: 'UTC' });
    for (const [, line] of forms) expect(parser.parse(line).kind).toBe('removed');
  });
});

test('the tag tells instance, service and program', () => {
  const of = (tag: string) => parse(`Nov 22 05:24:26 mx1 ${tag}[9]: connect from a[192.0.2.1]`);
  expect(of('postfix/smtpd')).toMatchObject({ instance: 'postfix', service: 'smtpd' });
  expect(of('postfix/submission/smtpd')).toMatchObject({ instance: 'postfix', service: 'smtpd' });
  expect(of('postfix-out/submission/smtpd')).toMatchObject({ instance: 'postfix-out', service: 'smtpd' });
  expect(of('mailout/smtp')).toMatchObject({ software: 'postfix', instance: 'mailout', service: 'smtp' });
  expect(of('cron')).toMatchObject({ kind: 'unparsed', program: 'cron', software: undefined });
});

describe('what RFC 3164 leaves out', () => {
  test('the year rolls over: December read in January is last year’s', () => {
    const january = { now: Date.parse('2027-01-02T00:00:00Z'), timeZone: 'UTC' };
    expect(timeOf(`Dec 31 23:59:59 mx1 ${removed}`, january)).toEqual(['2026-12-31T23:59:59.000Z', 'year-assumed']);
    expect(timeOf(`Jan  1 00:00:01 mx1 ${removed}`, january)).toEqual(['2027-01-01T00:00:01.000Z', 'year-assumed']);
  });
  test('a clock that runs a day ahead is not a year old', () => {
    expect(timeOf(`Nov 23 05:00:00 mx1 ${removed}`)[0]).toBe('2026-11-23T05:00:00.000Z');
  });
  test('the leap day is that of the last leap year, and a day that never was has no time', () => {
    expect(timeOf(`Feb 29 12:00:00 mx1 ${removed}`)[0]).toBe('2024-02-29T12:00:00.000Z');
    expect(timeOf(`Feb 30 12:00:00 mx1 ${removed}`)).toEqual([new Date(now).toISOString(), 'none']);
    expect(timeOf(`Nov 22 25:00:00 mx1 ${removed}`)).toEqual([new Date(now).toISOString(), 'none']);
  });
  test('an exact time in the same file gives the year', () => {
    const parser = createLineParser({ now, timeZone: 'UTC' });
    parser.parse(`2019-03-01T00:00:00Z mx1 ${removed}`);
    expect(new Date(parser.parse(`Feb 28 23:59:59 mx1 ${removed}`).time).toISOString()).toBe(
      '2019-02-28T23:59:59.000Z',
    );
  });
  test('the zone is the source’s, with its summer time; an hour that comes twice is read by what came before', () => {
    const berlin = { now, timeZone: 'Europe/Berlin' };
    expect(timeOf(`Nov 22 05:24:26 mx1 ${removed}`, berlin)[0]).toBe('2026-11-22T04:24:26.000Z');
    expect(timeOf(`Jul 22 05:24:26 mx1 ${removed}`, berlin)[0]).toBe('2026-07-22T03:24:26.000Z');
    const parser = createLineParser(berlin);
    const at = (clock: string) => new Date(parser.parse(`Oct 25 ${clock} mx1 ${removed}`).time).toISOString();
    expect(at('01:59:59')).toBe('2026-10-24T23:59:59.000Z');
    expect(at('02:00:01')).toBe('2026-10-25T00:00:01.000Z');
    expect(at('02:59:59')).toBe('2026-10-25T00:59:59.000Z');
    expect(at('02:00:02')).toBe('2026-10-25T01:00:02.000Z');
    expect(at('03:00:01')).toBe('2026-10-25T02:00:01.000Z');
    expect(at('02:30:00')).toBe('2026-10-25T01:30:00.000Z');
  });
  test('an unknown zone name is read as UTC', () => {
    expect(timeOf(`Nov 22 05:24:26 mx1 ${removed}`, { now, timeZone: 'No/Where' })[0]).toBe('2026-11-22T05:24:26.000Z');
  });
});

test('a line that a collector put its own header on is the inner one', () => {
  const event = parse(`Nov 22 05:24:27 hub collector[1]: Nov 22 05:24:26 mx1 ${removed}`);
  expect(event).toMatchObject({ host: 'mx1', program: 'postfix/qmgr', kind: 'removed' });
});

test('a line without a header is known by its words, or stays unparsed', () => {
  expect(parse('lost connection after CONNECT from unknown[192.0.2.66]')).toMatchObject({
    ...{ kind: 'connection-lost', software: 'postfix', clientIp: '192.0.2.66', timeConfidence: 'none', time: now },
  });
  expect(parse('hello: world').kind).toBe('unparsed');
  expect(parse('').kind).toBe('unparsed');
});

test('what lies beyond the bound of a line is not read', () => {
  const head = 'Nov 22 05:24:26 mx1 postfix/smtp[1]: warning: ';
  const event = parse(head + 'x'.repeat(lineCharsMax * 2));
  expect(event.reason).toHaveLength(lineCharsMax - head.length);
});
