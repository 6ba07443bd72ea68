#!/usr/bin/env node
// The installed command. Plain JavaScript, so that a Node that cannot read TypeScript can still say what is wrong.
if (Number(process.version.slice(1).split('.')[0]) < 24) {
  process.stderr.write(
    `mailward: Node 24 or newer is needed and this is ${process.version}. \`npm start\` brings a Node of its own.\n`,
  );
  process.exitCode = 3;
} else {
  const { enableCompileCache } = await import('node:module');
  const { homedir } = await import('node:os');
  const { join } = await import('node:path');
  // More than half of a short command's time would go into reading its own source again, and each process and thread that
  // it starts would hold a compiler for that. The folder is nobody else's: what lies in it is run.
  const own =
    process.getuid?.() === 0
      ? '/var/cache/mailward'
      : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mailward');
  process.env.NODE_COMPILE_CACHE ??= own;
  // mallopt(3): a large buffer goes back to the system when it is freed, whatever the sizes of those before it.
  process.env.MALLOC_MMAP_THRESHOLD_ ??= '262144';
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import('./main.ts');
}
