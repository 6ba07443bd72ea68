import { readdir, readFile, readlink } from 'node:fs/promises';
import { AppError } from '../protocol/errors.ts';

/** Processes looked through at most when a port's holder is searched. */
const processesMax = 20_000;

/**
 * `listen` with a busy port told in full: who holds it (where /proc shows), and the option that names another.
 * Throws `port-busy`; any other failure passes through.
 */
export async function listenOrExplain<Address>(
  listen: () => Promise<Address>,
  wanted: { readonly host: string; readonly port: number; readonly option: string },
): Promise<Address> {
  try {
    return await listen();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    const holder = await findPortHolder(wanted.port);
    const by = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.command})`;
    throw new AppError('port-busy', `Port ${wanted.port} on ${wanted.host} is in use by ${by}`, {
      hint: `Stop it, or choose another port with ${wanted.option}`,
      cause,
    });
  }
}

/** Who listens on a TCP port of this machine; `undefined` when /proc does not tell (another user's process, no /proc). */
export async function findPortHolder(
  port: number,
): Promise<{ readonly pid: number; readonly command: string } | undefined> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const inode of listeningInodes(text, port)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, processesMax);
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!inodes.has(target.slice('socket:['.length, -1))) continue;
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), command: commandLine.replaceAll('\0', ' ').trim().slice(0, 200) || '?' };
    }
  }
  return undefined;
}

/** Socket inodes in state LISTEN (0A) on `port`, from the text of /proc/net/tcp (proc(5)). */
export function listeningInodes(table: string, port: number): string[] {
  const portHex = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${portHex}`) && fields[3] === '0A')
    .map((fields) => fields[9] ?? '');
}
