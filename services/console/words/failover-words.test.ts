import { describe, expect, test } from 'vitest';
import { leaseRows } from '../../failover/lease/table.ts';
import { failoverWords } from './failover-words.ts';
import { hasLeaseSentenceZh, leaseSentenceZh } from './lease-sentences-zh.ts';

function saidBy(value: unknown, path = ''): Array<readonly [string, string]> {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => saidBy(inner, `${path}.${name}`));
}

describe.each(Object.entries(failoverWords))('%s', (_, words) => {
  test('leaves nothing empty and raises its voice nowhere', () => {
    for (const [path, text] of saidBy(words)) {
      expect(text.trim(), path).not.toBe('');
      expect(text, path).not.toMatch(/[!！]/);
    }
  });
});

test('the Chinese words are written, not left over', () => {
  const english = new Map(saidBy(failoverWords.en));
  const same = saidBy(failoverWords.zh).filter(([path, text]) => english.get(path) === text);
  expect(same.filter(([path]) => !path.startsWith('.noneSteps.'))).toEqual([]);
});

test('every sentence of the machine that a page may show is written in Chinese', () => {
  const shown = leaseRows.filter((row) => row.region !== 'guard' || row.to === 'closing');
  const missing = shown.map((row) => row.sentence).filter((sentence) => !hasLeaseSentenceZh(sentence));
  expect([...new Set(missing)]).toEqual([]);
});

test.each([
  'The budget of 4 moves is used up (5 lately): a fit owner is not preempted until some are older than 60 minutes. One that fails is replaced all the same.',
  'An older key than 7 is used towards mx2 and mx3: not yet known there.',
  '3 datagrams came under a key that is not accepted here: a voter may have other keys.',
  'The process 4711 of dovecot is gone.',
  'postfix accepts on port 25 and does not say 220 within 500 ms.',
  "Somebody else took the guard's rules away; closed rules are put back.",
  'Without nftables the address may answer for up to a second after the lease has ended.',
  'mx3 does not answer at 192.0.2.3 7401: does its lease process run, with the same key, and does UDP pass both ways?',
  'The slowest round trip that may be needed is 1.4 ms (p99); A is 4 ms and must be at least 6 ms.',
  'This group only votes here: 192.0.2.9 is on eth0 already and has no end there, so somebody else put it there: take it off.',
  'Whether packets pass the rules by another way cannot be read now: it is read again.',
  'nftables holds the rules of every hook.',
  'contact with mx1',
  'the owner is cut off from all others',
  'the owner falls silent at the end of its lease; another member takes over within about 2250 ms',
  'another member takes over within about 2250 ms; the old owner may answer as well (fail-static)',
])('what is reported is written in Chinese: %s', (sentence) => {
  const written = leaseSentenceZh(sentence);
  expect(written).toMatch(/[\u4e00-\u9fff]/);
  expect(written).not.toMatch(/[a-z]{3,} [a-z]{2,} [a-z]{2,}/);
});

test('every role and vote of an entry is written in Chinese', () => {
  const states = leaseRows.flatMap(({ from, to }) => [from, to].flat()).filter((state) => typeof state === 'string');
  const regions = new Set(leaseRows.filter(({ region }) => region !== 'guard').flatMap(({ from }) => from));
  const wanted = [...new Set(states)].filter((state) => regions.has(state));
  expect(wanted.length).toBeGreaterThan(8);
  expect(wanted.filter((state) => failoverWords.zh.entryStates[state] === undefined)).toEqual([]);
});

test('sentences with a name in them are written with it; others are shown as they came', () => {
  expect(leaseSentenceZh('mx2 owns the addresses, under epoch 7.')).toBe('地址由 mx2 持有，纪元 7。');
  expect(leaseSentenceZh('postfix says something new.')).toBe('postfix says something new.');
});
