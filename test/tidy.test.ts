// The rules of the house, as a test: who may import whom, no cycles, no ambient time or chance in pure domains, no
// drawers, no overlong files, no dead references in the documents. Grows with the house; a rule lives here or nowhere.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const pureDomains = ['fleet', 'logs', 'thresholds', 'alerting', 'rootcause', 'failover', 'faults', 'drills', 'audit'];

/** ARCHITECTURE.md, "Allowed imports". `@x/` stands for every package of that scope. */
const allowedImports: Record<string, readonly string[]> = {
  protocol: ['zod'],
  fleet: ['zod', 'protocol'],
  logs: ['zod', 'protocol'],
  thresholds: ['zod', 'protocol'],
  alerting: ['zod', 'protocol'],
  faults: ['zod', 'protocol'],
  audit: ['zod', 'protocol'],
  rootcause: ['zod', 'protocol', 'fleet'],
  failover: ['zod', 'protocol', 'fleet'],
  drills: ['zod', 'protocol', 'fleet', 'failover', 'faults'],
  runtime: ['protocol', 'node:', 'zod', 'pino', 'yaml', '@peculiar/x509', 'reflect-metadata'],
  agent: [
    ...['protocol', 'logs', 'failover', 'faults', 'runtime', 'node:', 'socket.io-client', 'prom-client', 'zod'],
    ...['imapflow', 'nodemailer', 'ssh2'],
  ],
  lease: ['protocol', 'failover', 'runtime', 'node:', 'zod'],
  control: [
    ...['protocol', ...pureDomains, 'runtime', 'node:', 'zod', 'fastify', 'fastify-type-provider-zod', '@fastify/'],
    ...['socket.io', 'prom-client', 'node-cron', 'nodemailer', 'imapflow', 'ssh2', 'etcd3', '@elastic/elasticsearch'],
  ],
  cli: ['protocol', ...pureDomains, 'runtime', 'node:', 'zod', 'commander', 'string-width'],
  console: ['protocol', 'failover', 'react', 'react-dom', 'react-router', 'uplot', 'socket.io-client'],
  demo: ['protocol', 'logs', 'faults', 'runtime', 'node:', 'zod', 'smtp-server', 'nodemailer', 'imapflow'],
  lab: ['protocol', 'logs', 'faults', 'runtime', 'node:', 'zod', 'smtp-server', 'nodemailer', 'imapflow'],
};
/** Only the tooling of the console may use these, never its code. */
const buildFiles = new Set(['services/console/build.ts', 'services/console/vite.config.ts']);

/** What a pure domain must be given as an argument instead. */
const ambient: readonly [RegExp, string][] = [
  [/\bDate\.now\s*\(|\bnew Date\(\s*\)/, 'take `now` from the input'],
  [/\bMath\.random\s*\(/, 'take randomness from the input'],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\s*\(/, 'return `wakeAt`'],
  [/\bperformance\.now\s*\(/, 'take `now` from the input'],
  [/\bprocess\./, 'take it from the input'],
  [/\bconsole\./, 'return reasons; shells log'],
  [/\bawait\b|\basync\b/, 'decide synchronously; shells wait'],
];
const linesMax = 600;

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFiles(path) : [relative(root, path)];
  });
}

const files = ['services', 'test', 'dashboards', 'alerts'].flatMap((folder) => listFiles(join(root, folder)));
const codeFiles = files.filter((file) => /\.(ts|tsx)$/.test(file));
const textByFile = new Map(codeFiles.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const textOf = (file: string): string => textByFile.get(file) ?? '';

function importsOf(file: string): string[] {
  const code = textOf(file).replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file);
const folderOf = (file: string): string => file.split('/')[1] ?? '';
const resolveImport = (file: string, target: string): string => join(dirname(file), target);

describe('imports', () => {
  const services = codeFiles.filter((file) => file.startsWith('services/'));

  test.each(services)('%s imports only what its folder may', (file) => {
    const folder = folderOf(file);
    const allowed = allowedImports[folder];
    expect(allowed, `services/${folder} is not in the table of allowed imports`).toBeDefined();
    for (const target of importsOf(file)) {
      if (target.startsWith('.')) {
        expect(target, 'relative imports carry their extension').toMatch(/\.(ts|tsx|css|json)$/);
        const other = resolveImport(file, target);
        if (folderOf(other) === folder || (isTest(file) && other.startsWith('test/'))) continue;
        expect(allowed, `${file} imports ${other}`).toContain(folderOf(other));
        continue;
      }
      const isAllowed =
        (isTest(file) && (target === 'vitest' || target.startsWith('node:'))) ||
        (buildFiles.has(file) && (target === 'vite' || target.startsWith('node:'))) ||
        allowed?.some((name) =>
          name.endsWith(':') || name.endsWith('/')
            ? target.startsWith(name)
            : target === name || target.startsWith(`${name}/`),
        );
      expect(isAllowed, `${file} imports ${target}`).toBe(true);
    }
  });

  test('there is no cycle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done' || !textByFile.has(file)) return;
      if (state.get(file) === 'open')
        throw new Error(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      state.set(file, 'open');
      for (const target of importsOf(file))
        if (target.startsWith('.')) visit(resolveImport(file, target), [...path, file]);
      state.set(file, 'done');
    };
    for (const file of codeFiles) visit(file, []);
  });
});

describe('pure domains', () => {
  const pure = codeFiles.filter(
    (file) => pureDomains.includes(folderOf(file)) && file.startsWith('services/') && !isTest(file),
  );
  test.each(pure.length > 0 ? pure : ['(none yet)'])('%s has no ambient time, chance, waiting or output', (file) => {
    const code = textOf(file)
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/.*$/gm, '');
    for (const [pattern, instead] of ambient) expect(code.match(pattern)?.[0], `${file}: ${instead}`).toBeUndefined();
  });
});

describe('files', () => {
  test('none is overlong', () => {
    const long = codeFiles.filter((file) => textOf(file).split('\n').length > linesMax);
    expect(long, `more than ${linesMax} lines: split by idea`).toEqual([]);
  });
  test('no drawers, no barrels, no leftovers', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|index)\.tsx?$/.test(file))).toEqual([]);
    const marks = codeFiles.filter((file) => file !== 'test/tidy.test.ts' && /\b(TODO|FIXME|XXX)\b/.test(textOf(file)));
    expect(marks).toEqual([]);
  });
  test('no class but errors', () => {
    const classes = codeFiles.filter((file) => /^(export )?(abstract )?class (?!\w*Error\b)/m.test(textOf(file)));
    expect(classes).toEqual([]);
  });
  test('tests await conditions and never sleep', () => {
    const sleepers = codeFiles.filter(
      (file) =>
        isTest(file) &&
        file !== 'test/tidy.test.ts' &&
        /setTimeout\(\s*(r|resolve|done)\w*\s*,|\bsleep\(/.test(textOf(file)),
    );
    expect(sleepers).toEqual([]);
  });
  test('nothing is skipped or focused by hand', () => {
    const marked = codeFiles.filter(
      (file) => file !== 'test/tidy.test.ts' && /\b(test|it|describe)\.(only|todo)\(/.test(textOf(file)),
    );
    expect(marked).toEqual([]);
  });
});

test('every repository path that the documents name exists', () => {
  const documents = ['README.md', 'ARCHITECTURE.md', ...listFiles(join(root, 'docs'))].filter((file) =>
    file.endsWith('.md'),
  );
  for (const file of documents) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, path] of text.matchAll(/`((?:services|test|docs|deploy|alerts|dashboards)\/[\w./-]+)`/g)) {
      expect(() => statSync(join(root, path ?? '')), `${file} names ${path}`).not.toThrow();
    }
  }
});

test('each third-party package is named with one exact version', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  for (const [name, version] of versions) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
});
