import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLineParser } from '../../services/logs/parse.ts';
import { labCheckSchema, labRunSchema, labSampleSchema } from '../../services/protocol/lab-run.ts';
import type { MailEvent } from '../../services/protocol/mail-event.ts';

// Labelled runs of the lab (docs/lab-runs.md), trimmed: what real daemons wrote while the truth was known.

const folder = join(import.meta.dirname, '../fixtures/lab-runs');
const bytesMax = 300 * 1024;

type Heard = { readonly event: MailEvent; readonly line: string };
/** What must be in the logs while the fault was on, by the id that is the truth. */
const marks: Readonly<Record<string, (heard: Heard) => boolean>> = {
  'rspamd-killed': ({ event, line }) => event.software === 'postfix' && /11332.*Connection refused/.test(line),
  'lmtp-socket-gone': ({ event }) =>
    event.kind === 'delivery' && event.service === 'lmtp' && event.status === 'deferred',
  'queue-full': ({ line }) => /No space left on device|Insufficient system storage/.test(line),
  'resolver-killed': ({ event, line }) => event.status === 'deferred' && /name service error/i.test(line),
  'reload-postfix': ({ event }) => event.kind === 'lifecycle' && event.service === 'master',
};

const listFiles = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

test('they stay small, and hold no address but the lab’s own', () => {
  const files = listFiles(folder);
  expect(files.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(bytesMax);
  const addresses = files.flatMap((path) => readFileSync(path, 'utf8').match(/[\w.+-]+@[\w.-]+\w/g) ?? []);
  expect(addresses.filter((address) => !/(\.test|@localhost)$/.test(address))).toEqual([]);
});

describe.each(Object.keys(marks))('the run of %s', (id) => {
  const run = labRunSchema.parse(JSON.parse(readFileSync(join(folder, id, 'run.json'), 'utf8')));
  const { injectedAt, healedAt } = run.times;
  const heard = run.logs
    .filter(({ path }) => path.endsWith('/mail.log'))
    .flatMap(({ path }): readonly Heard[] => {
      const parser = createLineParser({ now: run.times.endedAt, timeZone: 'UTC' });
      return linesOf(join(folder, id, path)).map((line) => ({ event: parser.parse(line), line }));
    });

  test('counts, and its signal moved', () => {
    expect(run).toMatchObject({ counts: true, truth: { id } });
    expect(run.signal.during.ok).toBe(run.truth.family === 'benign');
    const checks = linesOf(join(folder, id, run.checks)).map((line) => labCheckSchema.parse(JSON.parse(line)));
    expect(checks.some(({ time, ok }) => time >= injectedAt && ok === run.signal.during.ok)).toBe(true);
  });

  test('has no line of Postfix or Dovecot that is not understood', () => {
    const daemons = heard.filter(({ line }) => /\b(postfix\/|dovecot:)/.test(line));
    expect(daemons.length).toBeGreaterThan(30);
    expect(daemons.filter(({ event }) => event.kind === 'unparsed').map(({ line }) => line)).toEqual([]);
  });

  test('shows what the truth lets expect, while it was on', () => {
    const during = heard.filter(({ event: { time } }) => time >= injectedAt && time <= healedAt);
    expect(during.some((entry) => marks[id]?.(entry) ?? false)).toBe(true);
  });

  test('has samples of every mail host', () => {
    const mail = run.hosts.filter(({ role }) => role === 'mail').map(({ name }) => name);
    expect(run.metrics.map(({ host }) => host)).toEqual(mail);
    for (const { path, samples } of run.metrics) {
      const read = linesOf(join(folder, id, path)).map((line) => labSampleSchema.parse(JSON.parse(line)));
      expect(read.length).toBe(samples);
      expect(Object.keys(read[0]?.series ?? {}).some((name) => name.startsWith('postfix_'))).toBe(true);
    }
  });
});
