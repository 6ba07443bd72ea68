import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scoreCorpus } from './score.ts';

const folder = join(import.meta.dirname, '../../../shared/data/corpora/dev');
const isThere = existsSync(folder);

test.runIf(process.env.CI === 'true')('the corpora are at ../shared/data/corpora/dev', () => {
  expect(isThere, `${folder} is absent, and CI scores against it`).toBe(true);
});

describe.skipIf(!isThere)('Postfix and Dovecot lines of other projects (../shared/data/corpora/dev)', () => {
  test('98 of 100 assertions hold, and 99 of 100 lines are recognised', () => {
    const score = scoreCorpus(folder);
    expect(score.assertions).toBeGreaterThan(800);
    expect(score.equal / score.assertions).toBeGreaterThanOrEqual(0.98);
    expect(score.recognised.postfix).toBeGreaterThanOrEqual(0.99);
    expect(score.recognised.dovecot).toBeGreaterThanOrEqual(0.99);
  });
});
