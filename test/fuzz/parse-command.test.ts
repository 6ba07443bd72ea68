import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../../services/cli/main.ts');
const run = (args: readonly string[], input: string | Buffer = '') =>
  spawnSync(process.execPath, [main, 'parse', ...args], { input, encoding: 'utf8', maxBuffer: 1 << 26 });

const line =
  'Nov 22 05:24:26 mx1 postfix/qmgr[9]: A53AE5C62D: from=<anna@corp.example>, size=440, nrcpt=1 (queue active)\n';

describe('mailward parse', () => {
  test('--json prints one object a line, and no raw control whatever came in', () => {
    const hostile = Buffer.concat([
      Buffer.from(line),
      Buffer.from([0x1b, 0x5b, 0x00, 0xff, 0xc2, 0x9b, 0x0a]),
      Buffer.from('a'.repeat(2_000_000)),
    ]);
    const { status, stdout } = run(['--json', '-'], hostile);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((text) => JSON.parse(text).kind)).toEqual(['queued', 'unparsed', 'unparsed']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ queueId: 'A53AE5C62D', size: 440, from: 'anna@corp.example' });
    expect([...stdout].filter((character) => character !== '\n' && character < ' ')).toEqual([]);
  });

  test('a person gets a row a line, without colour on a pipe', () => {
    const { status, stdout } = run([], line);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\S+Z {2}mx1 postfix\/qmgr +queued +A53AE5C62D +from=<anna@corp\.example> size=440\n$/);
  });

  test('--stats counts, and shows what was not understood', () => {
    const { stdout } = run(['--stats', '--json'], `${line}${line}nobody knows\n`);
    expect(JSON.parse(stdout)).toMatchObject({ lines: 3, unparsed: 1, byKind: { queued: 2, unparsed: 1 } });
    expect(run(['--stats'], 'nobody knows\n').stdout).toContain('nobody knows');
  });

  test('a file that cannot be read is named, with exit status 3; a wrong option is 2', () => {
    const missing = run(['/nonexistent/mail.log']);
    expect(missing.status).toBe(3);
    expect(missing.stderr).toContain('/nonexistent/mail.log');
    expect(run(['--nonsense']).status).toBe(2);
  });
});
