import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { SendersResult } from './senders.ts';

test('a thousand mute, slow, oversized, malformed and half-open connections are refused by name, and a good sender is heard', async () => {
  const args = [
    join(import.meta.dirname, 'main.ts'),
    'senders',
    '--connections',
    '1200',
    '--seconds',
    '8',
    '--seed',
    '7',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout) as SendersResult;
  expect(result.goodLost).toBe(0);
  expect(result.connections).toBeGreaterThanOrEqual(1200);
  expect(result.heldMax).toBeLessThanOrEqual(1000);
  expect(Object.keys(result.refused)).toEqual(
    expect.arrayContaining(['stream,slow', 'stream,malformed', 'stream,handshake']),
  );
  // Generous: the machine is the attack's too.
  expect(result.attackedMs.p50).toBeLessThan(500);
  expect(result.apiAttackedMs.p50).toBeLessThan(500);
  expect(result.agentRssMiB).toBeLessThan(256);
  expect(result.controlRssMiB).toBeLessThan(400);
}, 120_000);
