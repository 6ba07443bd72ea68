// Lines as strangers and broken disks make them: true lines, cut, spliced, flipped, stuffed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateDefaults, generateLog } from '../bench/generate-log.ts';

/** What people put into mail to hurt whoever reads the log. */
const hostile = [
  '\u001b[2J\u001b]0;owned\u0007',
  '\u009b31m',
  '\u202egnp.exe',
  '\u0000\u0001\u0008',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '=HYPERLINK("http://example.com","x")',
  '@SUM(1+1)*cmd|calc',
  ['$', '{jndi:ldap://example.com/a}'].join(''),
  '%s%n%x',
  "'; DROP TABLE lines; --",
  '__proto__',
  'constructor',
  '\ud800',
  '\r\n250 ok',
  '>, relay=none, status=sent (',
  ']: NOQUEUE: reject: RCPT from ',
  '; from=<a@b> to=<c@d> proto=ESMTP helo=<e>',
  'in=99999999999999999999 out=-1',
  'é…漢字🦆',
];
const separators = ' :;,=<>[]()/.-"\'\\|@'.split('');
/** Clocks that jump, stand or never were. */
const times = [
  'Jan  1 00:00:00',
  'Feb 29 23:59:60',
  'Feb 31 12:00:00',
  'Dec 31 23:59:59',
  'Nov 22 99:99:99',
  '1969-12-31T23:59:59Z',
  '0000-00-00T00:00:00+99:99',
  '9999-12-31T23:59:59.999999999-23:59',
  '2026-02-30 10:00:00',
  '@400000004c91b044077a9e94',
  '@ffffffffffffffffffffffff',
  '<22>1 2026-11-22T05:24:26Z',
  '<999>Nov 22 05:24:26',
];
const hugeChars = 1_048_576;
/** One line in so many is a megabyte or more. */
const hugeEvery = 5000;

export type Mutator = { readonly next: () => string };

export function createMutator(seed: number): Mutator {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

  let text = '';
  generateLog({ ...generateDefaults, lines: 20_000, seed }, (chunk) => {
    text += chunk;
  });
  const lines = [...text.trimEnd().split('\n'), ...fixtureLines()];
  let count = 0;

  const mutations: ReadonlyArray<(line: string) => string> = [
    (line) => line.slice(0, below(line.length)),
    (line) => line.slice(below(line.length)),
    (line) => splice(line, below(line.length), 0, pick(hostile)),
    (line) => splice(line, below(line.length), below(20), ''),
    (line) => splice(line, below(line.length), below(4), pick(separators).repeat(1 + below(4))),
    (line) => pick(times) + line.slice(15),
    (line) => line.slice(0, below(line.length)) + pick(lines).slice(below(60)),
    // Bytes that are no UTF-8.
    (line) => {
      const bytes = Buffer.from(line);
      for (let flips = 1 + below(8); flips > 0; flips--) bytes[below(bytes.length)] = below(256);
      return bytes.toString('utf8');
    },
    () => Buffer.from(Array.from({ length: below(300) }, () => below(256))).toString('utf8'),
    (line) => line.replace(/<[^>]*>/, `<${pick(hostile)}>`),
    (line) => line.replace(/\d+/g, (digits) => (random() < 0.3 ? '9'.repeat(below(40)) : digits)),
    (line) => line.replaceAll(' ', pick([' ', '  ', '\t', '\u00a0'])),
  ];

  return {
    next() {
      count++;
      let line = pick(lines);
      for (let rounds = 1 + below(3); rounds > 0; rounds--) if (line !== '') line = pick(mutations)(line);
      if (count % hugeEvery === 0) line = huge(line);
      return line;
    },
  };

  /** A megabyte of one thing in the middle of a line: what a scan that looks twice would choke on. */
  function huge(line: string): string {
    const filling = pick([
      'a',
      '0',
      '[',
      ']',
      '<',
      '>',
      ': ',
      ', ',
      ' from ',
      '=1 ',
      '((',
      '"',
      '\\',
      'é',
      '<"a>,',
      '[a',
      ', a=',
    ]);
    return splice(line, below(line.length + 1), 0, filling.repeat(Math.ceil(hugeChars / filling.length)));
  }
}

const fixtures = join(import.meta.dirname, '../../services/logs/fixtures');
/** So that about every fourth line is one of these. */
const fixtureLinesCount = 7_000;

/** One line of every form that the parser knows, of the daemons beside Postfix and Dovecot too, over and over. */
function fixtureLines(): string[] {
  const files = readdirSync(fixtures).filter((file) => file.endsWith('.log'));
  const lines = files.flatMap((file) => readFileSync(join(fixtures, file), 'utf8').trimEnd().split('\n'));
  return Array.from({ length: fixtureLinesCount }, (_, index) => lines[index % lines.length] ?? '');
}

function splice(line: string, at: number, removed: number, inserted: string): string {
  return line.slice(0, at) + inserted + line.slice(at + removed);
}
