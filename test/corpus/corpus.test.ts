import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scoreCorpus } from './score.ts';

const folder = join(import.meta.dirname, '../../../shared/data/corpora/dev');
const isThere = existsSync(folder);

test.runIf(process.env.CI === 'true')('the corpora are at ../shared/data/corpora/dev', () => {
  expect(isThere, `${folder} is absent, and CI scores against it`).toBe(true);
});

describe.skipIf(!isThere)('lines of other projects (../shared/data/corpora/dev)', () => {
  test('98 of 100 assertions about Postfix and Dovecot hold, and 99 of 100 lines are recognised', () => {
    const score = scoreCorpus(folder);
    expect(score.assertions).toBeGreaterThan(800);
    expect(score.equal / score.assertions).toBeGreaterThanOrEqual(0.98);
    expect(score.recognised.postfix).toBeGreaterThanOrEqual(0.99);
    expect(score.recognised.dovecot).toBeGreaterThanOrEqual(0.99);
  });

  test('the other daemons are read the same way, each of them', () => {
    const { others, bySoftware, recognised } = scoreCorpus(folder);
    expect(others.assertions).toBeGreaterThan(800);
    expect(others.equal / others.assertions).toBeGreaterThanOrEqual(0.98);
    const floors = [
      ...['exim', 'sendmail'].map((software) => [software, 0.98] as const),
      ...['assp', 'courier', 'cyrus', 'domino-smtp', 'kerio', 'opensmtpd', 'qmail', 'roundcube', 'sieve', 'sogo'].map(
        (software) => [software, 0.95] as const,
      ),
      ...['horde', 'openwebmail', 'oracleims', 'perdition', 'proxmox', 'solid-pop3d', 'squirrelmail', 'uw-imap'].map(
        (software) => [software, 0.95] as const,
      ),
    ];
    const below = floors.filter(([software, floor]) => {
      const tally = bySoftware[software];
      return tally === undefined || tally.equal < floor * tally.assertions;
    });
    expect(below).toEqual([]);
    expect(Object.entries(recognised).filter(([, share]) => share < 0.99)).toEqual([]);
  });
});
