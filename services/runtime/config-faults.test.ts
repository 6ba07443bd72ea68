import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeSchema, nearest } from './config-faults.ts';
import { parseConfig } from './config-file.ts';

const schema = z.strictObject({
  listen: z.strictObject({ host: z.string().default('127.0.0.1'), port: z.number().int().max(65_535) }).optional(),
  level: z.enum(['info', 'warn']).default('info'),
  ports: z.array(z.number()).default([]),
  places: z.array(z.strictObject({ use: z.string(), path: z.string() })).default([]),
});
const faultsOf = (yamlText: string) => {
  const result = parseConfig(schema, yamlText);
  return result.ok ? [] : result.faults;
};

test('every fault has its path, its line and what would be right, in the order of the file', () => {
  const text = [
    ...[
      '# a comment',
      'lisen: {}',
      'listen:',
      '  port: 70000',
      '  prot: 1',
      'level: loud',
      'ports:',
      '  - 25',
      '  - many',
    ],
    ...['places:', '  - use: queue', '    pth: /var', '    zzzzzz: 1'],
  ].join('\n');
  expect(faultsOf(text).map(({ path, line, message }) => [line, path, message])).toEqual([
    [2, 'lisen', 'There is no such key; did you mean listen?'],
    [4, 'listen.port', 'Too big: expected number to be <=65535'],
    [5, 'listen.prot', 'There is no such key; did you mean port?'],
    [6, 'level', 'Invalid option: expected one of "info"|"warn"'],
    [9, 'ports.1', 'Invalid input: expected number, received string'],
    [11, 'places.0.path', 'Invalid input: expected string, received undefined'],
    [12, 'places.0.pth', 'There is no such key; did you mean path?'],
    [13, 'places.0.zzzzzz', 'There is no such key; there are use, path'],
  ]);
});

test('what is missing stands where it should have been', () => {
  expect(faultsOf('level: warn\nlisten:\n  host: "::1"\n')).toMatchObject([{ path: 'listen.port', line: 2 }]);
  expect(faultsOf('- 1\n- 2\n')).toMatchObject([{ path: '', line: 1 }]);
});

test.each([
  ['a: [1', 'flow'],
  ['level: info\nlevel: warn', 'unique'],
  ['a: *nobody', 'alias'],
])('YAML that is none (%s) is one fault with a line', (text, word) => {
  const [fault] = faultsOf(text);
  expect(fault?.line).toBeGreaterThan(0);
  expect(fault?.message.toLowerCase()).toContain(word);
});

test('a file that unfolds without end is a fault, and costs nothing', () => {
  const levels = Array.from({ length: 12 }, (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}]`);
  expect(faultsOf(['l0: &l0 [1]', ...levels].join('\n'))).toMatchObject(
    [{ message: /alias/i }].map(() => ({ line: 1 })),
  );
});

test.each([
  ['prot', 'port'],
  ['lissten', 'listen'],
  ['Ports', 'ports'],
  ['something', undefined],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, ['listen', 'level', 'port', 'ports'])).toBe(meant);
});

test('the schema for editors knows what may be left out', () => {
  expect(describeSchema(schema)).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    additionalProperties: false,
    properties: { level: { default: 'info', enum: ['info', 'warn'] }, listen: { required: ['port'] } },
  });
});
