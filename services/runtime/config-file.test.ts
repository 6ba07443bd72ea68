import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from './config-file.ts';

const schema = z.strictObject({ listen: z.strictObject({ port: z.number().int().max(65535) }) });

test('every fault is named with its path and line', () => {
  const result = parseConfig(schema, 'listen:\n  port: 70000\n  prot: 1\n');
  expect(result).toMatchObject({
    ok: false,
    faults: [
      { path: 'listen.port', line: 2 },
      { path: 'listen.prot', line: 3 },
    ],
  });
});

test('a fault of the YAML itself has a line', () => {
  const result = parseConfig(schema, 'listen:\n\t- x: [1\n');
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.faults[0]?.line).toBeGreaterThan(0);
});

test('a sound file gives the typed value', () => {
  expect(parseConfig(schema, 'listen: { port: 7400 }')).toEqual({ ok: true, config: { listen: { port: 7400 } } });
});
