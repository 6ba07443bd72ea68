import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { generateDefaults, generateLog } from './generate-log.ts';
import { parseTotals } from './parse-totals.ts';

const folder = mkdtempSync(join(tmpdir(), 'mailward-generate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const generate = (lines: number, seed: number) => {
  let text = '';
  const truth = generateLog({ ...generateDefaults, lines, seed }, (chunk) => {
    text += chunk;
  });
  return { text, truth };
};

test('the same seed makes the same log, another one another', () => {
  const { text, truth } = generate(5000, 7);
  expect(generate(5000, 7)).toEqual({ text, truth });
  expect(generate(5000, 8).text).not.toBe(text);
  expect(text.split('\n')).toHaveLength(5001);
  expect(truth.bytes).toBe(Buffer.byteLength(text));
});

test('what the parser counts is what was written', () => {
  const { text, truth } = generate(50_000, 7);
  const path = join(folder, 'mail.log');
  writeFileSync(path, text);
  const { lines, queuedBytes, counts } = parseTotals(path, truth.lastAt);
  expect({ lines, queuedBytes, counts }).toEqual({
    lines: truth.lines,
    queuedBytes: truth.queuedBytes,
    counts: truth.counts,
  });
  expect(counts.bounced).toBeGreaterThan(0);
  expect(counts.deferred).toBeGreaterThan(0);
});
