import { expect, test } from 'vitest';
import { readNamedEnd, readRotation } from './rotation.ts';

test('what a rotation makes of a log is in the order in which it was written', () => {
  const numbered = ['mail.log.10.gz', 'mail.log.9.xz', 'mail.log.2.zst', 'mail.log.1', 'mail.log'];
  const dated = ['maillog-20251231.gz', 'maillog-20260101', 'maillog-20260101-2', 'maillog'];
  for (const [log, files] of [
    ['mail.log', numbered],
    ['maillog', dated],
  ] as const) {
    expect(files.map((file) => readRotation(`/var/log/${file}`).log)).toEqual(files.map(() => `/var/log/${log}`));
    const ranks = files.map((file) => readRotation(file).rank);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(new Set(ranks).size).toBe(files.length);
  }
  expect(readRotation('/archive/2024/mx1.log').log).toBe('/archive/2024/mx1.log');
});

test.each([
  ['mail.log-20211101.gz', '2021-12-02'],
  ['mail-2021-10.log', '2021-12-02'],
  ['mail.2021.xz', '2022-01-01'],
  ['mail.log.2019120507', undefined],
  ['mail.log.2.gz', undefined],
  ['2021/mail.log', undefined],
])('%s was written before %s, as its name tells', (path, end) => {
  const time = readNamedEnd(path);
  expect(time === undefined ? undefined : new Date(time).toISOString().slice(0, 10)).toBe(end);
});
