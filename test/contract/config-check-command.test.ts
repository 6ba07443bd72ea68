// `mailward config check` says what the process itself would say, and starts nothing.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');
const execute = promisify(execFile);
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function check(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await execute(process.execPath, [main, 'config', 'check', ...args]);
    return { status: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, out: stdout, err: stderr };
  }
}
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('every fault of an agent configuration, as lines that an editor can jump to', async () => {
  const file = write(
    'agent.yaml',
    'node: mx1\nfles: [/var/log/mail.log]\ntimeZone: Europe/Nowhere\ntail:\n  pollMs: 1\n',
  );
  expect(await check(file)).toEqual({
    status: 1,
    out: [
      `${file}:2: fles: There is no such key; did you mean files?`,
      `${file}:3: timeZone: This is no IANA time zone, such as Europe/Berlin.`,
      `${file}:5: tail.pollMs: Too small: expected number to be >=50.`,
      '',
    ].join('\n'),
    err: '',
  });
});

test('a sound control configuration, and its schema', async () => {
  const file = write('main.yaml', 'listen: { port: 7400 }\n');
  expect(await check(file)).toMatchObject({ status: 2, err: expect.stringContaining('--process') });
  const sound = await check(file, '--process', 'control', '--json');
  expect(sound.status).toBe(0);
  expect(JSON.parse(sound.out)).toEqual({ file, process: 'control', isSound: true, faults: [] });
  const schema = JSON.parse((await check('--process', 'control', '--schema')).out) as { properties: object };
  expect(Object.keys(schema.properties)).toContain('listen');
});

test('a file that is not there', async () => {
  expect(await check(join(folder, 'none.agent.yaml'))).toMatchObject({
    status: 1,
    err: expect.stringContaining('cannot be read'),
  });
});
