import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLogFile } from './log-file.ts';

test('a log rotates by rename at its bound, keeps one old file and cuts no line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-log-'));
  const path = join(folder, 'mail.log');
  const file = openLogFile(path, { bytesMax: 100, flushAfterBytes: 30 });
  for (let number = 0; number < 60; number += 1) file.append(`line ${String(number).padStart(2, '0')}`);
  file.stop();
  expect(readdirSync(folder).toSorted()).toEqual(['mail.log', 'mail.log.1']);
  const old = readFileSync(`${path}.1`, 'utf8');
  const kept = `${old}${readFileSync(path, 'utf8')}`.trimEnd().split('\n');
  expect(old.length).toBeLessThan(140);
  expect(kept.every((line) => /^line \d\d$/.test(line))).toBe(true);
  expect(kept.at(-1)).toBe('line 59');
  rmSync(folder, { recursive: true });
});
