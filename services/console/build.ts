// `npm run console:build`: builds the console into dist/ when one of its sources is newer than the last build, else says so.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'vite';

const consoleFolder = import.meta.dirname;
const repository = resolve(consoleFolder, '../..');
const target = join(consoleFolder, 'dist');

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'dist' && name !== 'node_modules');
  return Math.max(stat.mtimeMs, ...names.map((name) => newestMs(join(path, name))));
}

/** Leaves `name.gz` and `name.br` beside each file of text, for the server to hand out. */
function compressFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes));
  }
}

const sources = [consoleFolder, resolve(consoleFolder, '../protocol'), join(repository, 'package-lock.json')];
const builtMs = statSync(join(target, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
// dist/ lies inside the folder, so its replacement touches the folder itself; only what is below counts.
const sourcesMs = Math.max(
  ...sources.flatMap((path) =>
    path === consoleFolder
      ? readdirSync(path)
          .filter((name) => name !== 'dist')
          .map((name) => newestMs(join(path, name)))
      : [newestMs(path)],
  ),
);

if (builtMs > sourcesMs) {
  process.stdout.write('console: up to date\n');
} else {
  const startedMs = performance.now();
  // React picks its production build by this variable, also when a test runner that set it starts us.
  process.env.NODE_ENV = 'production';
  // Built aside and moved into place, so that a server never serves half a build and two builds never mix.
  const aside = mkdtempSync(join(repository, 'node_modules', '.mailward-console-'));
  try {
    await build({
      configFile: join(consoleFolder, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: join(aside, 'dist'), emptyOutDir: true },
    });
    compressFiles(join(aside, 'dist'));
    rmSync(target, { recursive: true, force: true });
    renameSync(join(aside, 'dist'), target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  process.stdout.write(`console: built in ${Math.round(performance.now() - startedMs)} ms\n`);
}
