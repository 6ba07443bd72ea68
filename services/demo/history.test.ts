import { expect, test } from 'vitest';
import { createLineParser } from '../logs/parse.ts';
import { type NodeName, nodes } from './cast.ts';
import { historyMs, playHistory } from './history.ts';

const now = Date.UTC(2026, 10, 22, 12);

function play(seed: number): Record<NodeName, string[]> {
  const linesByNode: Record<NodeName, string[]> = { mx1: [], mx2: [], mx3: [] };
  playHistory({ seed, now, offsetMinutes: () => 0 }, (node, line) => linesByNode[node].push(line));
  return linesByNode;
}
const history = play(7);
const everything = Object.values(history).flat().join('\n');

test('the same seed gives the same hour, another seed another', () => {
  expect(play(7)).toEqual(history);
  expect(play(8).mx1.at(-1)).not.toEqual(history.mx1.at(-1));
});

test.each([
  ['a delivery', /status=sent/],
  ['a deferral', /status=deferred/],
  ['a retry that succeeds', /delay=\d{2,}, delays=.*status=sent/],
  ['a bounce and its notice', /sender non-delivery notification/],
  ['a message that grew too old', /status=expired, returned to sender/],
  ['a refusal', /NOQUEUE: reject: RCPT/],
  ['a held message and its release', /hold: header Subject[\s\S]*released from hold/],
  ['a discarded one', /discard: header Subject/],
  ['a re-injection from the filter', /relay=127\.0\.0\.1\[127\.0\.0\.1\]:10024.*queued as/],
  ['a sieve move', /fileinto action: stored mail into mailbox 'Junk'/],
  ['a sieve discard', /discard action: Marked message to be discarded/],
  ['a full mailbox', /552 5\.2\.2 <dave@example\.org> Quota exceeded/],
  ['a wrong password in submission', /SASL PLAIN authentication failed/],
  ['a wrong password in IMAP', /auth failed, 1 attempts/],
  ['a trace context', /info: header traceparent: 00-[0-9a-f]{32}-/],
  ['an expunge', /expunge: box=INBOX, uid=\d+, msgid=/],
])('the hour shows %s', (_name, pattern) => {
  expect(everything).toMatch(pattern);
});

test.each(['mx1', 'mx2', 'mx3'] as const)('times of %s rise from an hour ago until now, in its own format', (name) => {
  const lines = history[name];
  const isClassic = nodes[name].timeFormat === 'classic';
  const stampLength = isClassic ? 15 : 32;
  const stamps = lines.map((line) => line.slice(0, stampLength));
  expect(stamps).toEqual(stamps.toSorted());
  expect(lines.every((line) => (isClassic ? /^Nov 22 1[12]:/ : /^2026-11-22T1[12]:/).test(line))).toBe(true);
  if (!isClassic) {
    expect(Date.parse(stamps[0] ?? '')).toBeGreaterThanOrEqual(now - historyMs);
    expect(Date.parse(stamps.at(-1) ?? '')).toBeLessThanOrEqual(now + 1000);
  }
});

test('the hour stays within what a log file may hold', () => {
  for (const lines of Object.values(history)) expect(lines.join('\n').length).toBeLessThan(8 * 1024 * 1024);
});

test('every line of the hour is understood', () => {
  const parser = createLineParser({ now, timeZone: 'UTC' });
  const unparsed = Object.values(history)
    .flat()
    .filter((line) => parser.parse(line).kind === 'unparsed');
  expect(unparsed).toEqual([]);
});
