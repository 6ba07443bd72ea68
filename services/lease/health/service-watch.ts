// One service of this node, watched from beside the lease: the process, its listening socket, and its first words. Process and
// socket are read every `pollMs` (20 ms), so that a death is known within 50 ms; a throttled service accepts and says nothing, so the
// banner is asked for as well.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import type { LeaseServiceConfig } from '../../protocol/lease-config.ts';

/** Listening sockets come first in /proc/net/tcp; this much of it holds about 400 of them. */
const tableBytesMax = 64 * 1024;
/** One silence may be a full backlog; two in a row are a fault. */
const silencesMax = 2;
const bannerBytesMax = 512;

export type ServiceReport = {
  readonly name: string;
  readonly isUp: boolean;
  readonly why: string;
  readonly sinceMs: number;
};
export type ServiceWatch = { readonly report: () => ServiceReport; readonly stop: () => void };

/** It is believed to be up until it is seen not to be: a restart of the watcher moves nothing. */
export function createServiceWatch(
  config: LeaseServiceConfig,
  deps: {
    readonly every: (periodMs: number, task: () => void) => () => void;
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly monotonicMs: () => number;
    readonly onChange: (isUp: boolean, why: string) => void;
  },
): ServiceWatch {
  let isUp = true;
  let why = `${config.name} runs.`;
  let since = deps.monotonicMs();
  let silences = 0;
  let cancelBanner: (() => void) | undefined;

  function judge(): void {
    const fault = processFault(config) ?? socketFault(config) ?? bannerFault();
    if ((fault === undefined) === isUp) return;
    isUp = fault === undefined;
    why = fault ?? `${config.name} runs again.`;
    since = deps.monotonicMs();
    deps.onChange(isUp, why);
  }
  const bannerFault = (): string | undefined =>
    silences >= silencesMax
      ? `${config.name} accepts on port ${config.port} and does not say ${config.banner} within ${config.bannerWithinMs} ms.`
      : undefined;

  function askBanner(): void {
    if (cancelBanner !== undefined || config.banner === undefined || config.port === undefined) return;
    cancelBanner = readBanner(
      { host: config.host, port: config.port },
      config.banner,
      config.bannerWithinMs,
      (isSaid) => {
        cancelBanner = undefined;
        silences = isSaid ? 0 : silences + 1;
        judge();
      },
    );
  }
  const stops = [deps.every(config.pollMs, judge)];
  if (config.banner !== undefined) stops.push(deps.every(config.bannerEveryMs, askBanner));
  askBanner();
  judge();
  return {
    report: () => ({ name: config.name, isUp, why, sinceMs: deps.monotonicMs() - since }),
    stop: () => {
      for (const stop of stops) stop();
      cancelBanner?.();
    },
  };
}

function processFault({ name, pidFile }: LeaseServiceConfig): string | undefined {
  if (pidFile === undefined) return undefined;
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(pidFile, 'latin1'), 10);
  } catch {
    return `${name} has no pid file ${pidFile}.`;
  }
  if (!Number.isSafeInteger(pid) || pid <= 0) return `The pid file ${pidFile} of ${name} names no process.`;
  try {
    // proc(5): the state stands after the command in parentheses; Z and X are dead and waiting to be noticed.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    return state === 'Z' || state === 'X' ? `The process ${pid} of ${name} has ended.` : undefined;
  } catch {
    return `The process ${pid} of ${name} is gone.`;
  }
}

function socketFault({ name, port }: LeaseServiceConfig): string | undefined {
  if (port === undefined) return undefined;
  return isListening(port) ? undefined : `${name} does not listen on port ${port}.`;
}

const table = Buffer.alloc(tableBytesMax);
/** Whether any socket of this network namespace listens on the TCP port (proc_net(5): state 0A). */
function isListening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = readStart(path);
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
      const fields = text.slice(at + wanted.length, at + wanted.length + 48).split(' ');
      if (fields[1] === '0A') return true;
    }
  }
  return false;
}

/** A read of /proc gives about a page; listening sockets come first, so reading ends with the first line that is none. */
function readStart(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    let length = 0;
    while (length < table.length) {
      const read = readSync(file, table, length, table.length - length, null);
      if (read === 0) break;
      length += read;
      const lastLine =
        table
          .toString('latin1', Math.max(0, length - 300), length)
          .trimEnd()
          .split('\n')
          .at(-1) ?? '';
      if (/^\s*\d+: \S+ \S+ (?!0A)[0-9A-F]{2} /.test(lastLine)) break;
    }
    return table.toString('latin1', 0, length);
  } finally {
    closeSync(file);
  }
}

function readBanner(
  endpoint: { readonly host: string; readonly port: number },
  banner: string,
  withinMs: number,
  done: (isSaid: boolean) => void,
): () => void {
  const socket = connect(endpoint);
  let heard = '';
  let isDone = false;
  const end = (isSaid: boolean) => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    socket.destroy();
    done(isSaid);
  };
  const timer = setTimeout(() => end(false), withinMs);
  timer.unref();
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    heard = (heard + text).slice(0, bannerBytesMax);
    if (heard.includes(banner)) end(true);
    else if (heard.length >= bannerBytesMax) end(false);
  });
  socket.on('error', () => end(false));
  socket.on('close', () => end(false));
  return () => {
    isDone = true;
    clearTimeout(timer);
    socket.destroy();
  };
}
