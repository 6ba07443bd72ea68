import { flushCompileCache } from 'node:module';

/** Tells whoever started this process that it serves: one JSON line on stdout, and the same as a message over IPC. */
export function announceReady(url: string): void {
  const message = { ready: true, url } as const;
  process.stdout.write(`${JSON.stringify(message)}\n`);
  process.send?.(message);
  // Otherwise what was compiled is kept only by a process that ends in order.
  flushCompileCache();
}
