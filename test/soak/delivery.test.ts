import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DeliveryResult } from './delivery.ts';

test('ten kills while files turn over, control away, the disk full: every line is stored once', async () => {
  const args = [join(import.meta.dirname, 'main.ts'), 'delivery', '--kills', '10', '--away-ms', '3000', '--seed', '7'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout) as DeliveryResult;
  expect(result).toMatchObject({ kills: 10, lost: 0, doubled: 0, saidComplete: true });
  expect(result.lines).toBeGreaterThan(1000);
  if (process.getuid?.() === 0) expect(result.diskFull).toBe('once');
}, 240_000);
