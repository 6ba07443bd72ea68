import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findMailLogs } from './find-mail-logs.ts';

test('only files with something in them count', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-logs-'));
  writeFileSync(join(folder, 'mail.log'), 'Nov 22 05:40:19 mx4 postfix/smtpd[1]: connect from a[192.0.2.1]\n');
  writeFileSync(join(folder, 'empty.log'), '');
  mkdirSync(join(folder, 'folder.log'));
  expect(findMailLogs([join(folder, '*.log'), join(folder, 'absent')])).toEqual([join(folder, 'mail.log')]);
  rmSync(folder, { recursive: true });
});
