import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeDurably } from './durable-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-durable-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a link where the new file is to be, or where the old one was, is never followed', async () => {
  const other = join(folder, 'other');
  writeFileSync(other, 'not ours');
  const file = join(folder, 'file');
  symlinkSync(other, file);
  for (const name of [`${file}.new`, `${file}.${process.pid}.new`]) symlinkSync(other, name);
  await writeDurably(file, 'ours', 0o600);
  expect([readFileSync(other, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['not ours', 'ours']);
  expect(statSync(other).mode & 0o777).not.toBe(0o600);
});

test('what a crash left is replaced, mode and all, and nothing stays behind', async () => {
  const file = join(folder, 'file');
  writeFileSync(`${file}.${process.pid}.new`, 'half', { mode: 0o644 });
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  await writeDurably(file, 'whole', 0o600, owner);
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['whole', 0o600]);
  expect(readdirSync(folder)).toEqual(['file']);
});
