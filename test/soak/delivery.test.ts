import { expect, test } from 'vitest';
import { runDelivery } from './delivery.ts';

test('ten kills while files turn over, control away, the disk full: every line is stored once', async () => {
  const result = await runDelivery({ kills: 10, awayMs: 3000, seed: 7, say: () => {} });
  expect(result).toMatchObject({ kills: 10, lost: 0, doubled: 0, saidComplete: true });
  expect(result.lines).toBeGreaterThan(1000);
  if (process.getuid?.() === 0) expect(result.diskFull).toBe('once');
}, 240_000);
