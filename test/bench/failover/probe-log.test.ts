import { expect, test } from 'vitest';
import { createProbeLog } from './probe-log.ts';

const logOf = (lines: readonly string[]) => {
  const log = createProbeLog();
  // In pieces, as a pipe gives them.
  const text = `${lines.join('\n')}\n`;
  log.read(text.slice(0, 25));
  log.read(text.slice(25));
  return log;
};

test('the longest silence begins with the last answer before, and ends where it is asked to at the latest', () => {
  const log = logOf([
    'answer a 100 mx1',
    'answer a 102 mx1',
    'answer b 103 mx1',
    'answer a 150 mx2',
    'answer a 152 mx2',
  ]);
  expect(log.longestSilence('a', 110, 160)).toEqual({ from: 102, to: 150, isOurs: false });
  expect(log.longestSilence('a', 110, 140)).toEqual({ from: 102, to: 140, isOurs: false });
  expect(log.longestSilence('a', 50, 160)).toBeUndefined();
  expect([...log.hostsOf('a', 120)]).toEqual(['mx2']);
});

test('a silence that begins or ends where the prober stood still is its own', () => {
  const answers = ['answer a 100 mx1', 'answer a 150 mx2'];
  expect(logOf([...answers, 'stall 147 155']).longestSilence('a', 100, 160)?.isOurs).toBe(true);
  expect(logOf([...answers, 'stall 90 99']).longestSilence('a', 100, 160)?.isOurs).toBe(true);
  expect(logOf([...answers, 'stall 120 130']).longestSilence('a', 100, 160)?.isOurs).toBe(false);
});

test('an answer to a direct question is known by the host, and is none of the client', () => {
  const log = logOf([
    'answer a 100 mx1',
    'direct a 101 mx1',
    'direct a 103 mx2',
    'direct a 102 mx1',
    'direct b 104 mx3',
  ]);
  expect(log.directOf('a', 101.5)).toEqual([
    { at: 103, host: 'mx2' },
    { at: 102, host: 'mx1' },
  ]);
  expect([...log.hostsOf('a', 0)]).toEqual(['mx1']);
});
