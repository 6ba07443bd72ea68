// `npm run bench -- NAME [--json] [options]`: one file per benchmark, each prints its figures as it goes on stderr and,
// with --json, one object as the last line on stdout.
import { readdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

// As the command line does (services/cli/mailward.js), so that a child's start is the product's start.
enableCompileCache();

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [--json]\nnames: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const { run } = (await import(`./${name}.bench.ts`)) as { run: (args: readonly string[]) => Promise<object> };
  const result = await run(args);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
