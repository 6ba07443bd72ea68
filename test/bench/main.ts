// `npm run bench -- NAME [--json] [options]`: one file per benchmark, each prints its figures as it goes on stderr and,
// with --json, one object as the last line on stdout.
import { readdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { mountOverShared, runInOwnWorld } from '../soak/own-world.ts';

// As the command line does (services/cli/mailward.js), so that a child's start is the product's start.
enableCompileCache();

/** Those that make hosts: namespaces and processes that must end with them, however they end. */
const namesInOwnWorld = ['failover'];
const [name, ...args] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [--json]\nnames: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const status = namesInOwnWorld.includes(name) ? runInOwnWorld() : undefined;
  if (status === undefined) await runHere(name);
  else process.exitCode = status;
}
async function runHere(name: string): Promise<void> {
  if (namesInOwnWorld.includes(name)) mountOverShared(['/run/netns', '/dev/shm']);
  const { run } = (await import(`./${name}.bench.ts`)) as { run: (args: readonly string[]) => Promise<object> };
  const result = await run(args);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
