#!/usr/bin/env node
// The installed command. Plain JavaScript, so that a Node that cannot read TypeScript can still say what is wrong.
if (Number(process.version.slice(1).split('.')[0]) < 24) {
  process.stderr.write(
    `mailward: Node 24 or newer is needed and this is ${process.version}. \`npm start\` brings a Node of its own.\n`,
  );
  process.exitCode = 3;
} else {
  const { enableCompileCache } = await import('node:module');
  // More than half of a short command's time would go into reading its own source again.
  enableCompileCache();
  await import('./main.ts');
}
