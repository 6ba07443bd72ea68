// What the mail servers are configured to allow. Postfix's files are read as files; Dovecot's configuration is asked from
// doveconf, but only after one of its files changed.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, readBounded } from '../bounded-read.ts';
import type { ReadCommand } from '../command.ts';
import { readInstances } from '../queue/instances.ts';

export type ServiceLimit = {
  readonly software: 'postfix' | 'dovecot';
  readonly service: string;
  /** `undefined` means no limit. */
  readonly processLimit: number | undefined;
  readonly clientLimit?: number;
  /** Postfix: the instance and the process id of its master. */
  readonly instance?: string;
  readonly masterPid?: number;
};

/** Configuration files of Dovecot that are looked at for changes, and how deep. */
const filesMax = 256;
const depthMax = 3;

export type ServiceLimitsConfig = { readonly postfixDirectory: string; readonly dovecotDirectory: string };

/** Returns a function that gives the limits now. A part that cannot be read is a problem, and absent. */
export function createServiceLimits(config: ServiceLimitsConfig, deps: { readonly readCommand: ReadCommand }) {
  let dovecot: { changedAt: string; limits: readonly ServiceLimit[] } | undefined;

  async function readDovecot(signal: AbortSignal): Promise<readonly ServiceLimit[]> {
    const changedAt = await fingerprint(config.dovecotDirectory);
    if (changedAt === undefined) return [];
    if (dovecot?.changedAt !== changedAt) {
      const file = join(config.dovecotDirectory, 'dovecot.conf');
      const text = await deps.readCommand('doveconf', ['-a', '-c', file], signal);
      dovecot = { changedAt, limits: text === undefined ? [] : parseDoveconf(text) };
    }
    return dovecot.limits;
  }

  return async (signal: AbortSignal, problem: (error: unknown) => void): Promise<readonly ServiceLimit[]> => {
    const parts = await Promise.allSettled([readPostfix(config.postfixDirectory), readDovecot(signal)]);
    return parts.flatMap((part) => {
      if (part.status === 'fulfilled') return part.value;
      problem(part.reason);
      return [];
    });
  };
}

async function readPostfix(directory: string): Promise<ServiceLimit[]> {
  const { instances } = await readInstances(directory);
  const limits: ServiceLimit[] = [];
  for (const { name, queueDirectory, defaultProcessLimit, services } of instances) {
    const pid = Number(await readBounded(join(queueDirectory, 'pid', 'master.pid'), 64).catch(() => undefined));
    for (const service of services) {
      const processLimit = service.processLimit ?? defaultProcessLimit;
      limits.push({
        software: 'postfix',
        service: `${service.name}/${service.type}`,
        processLimit: processLimit === 0 ? undefined : processLimit,
        instance: name,
        masterPid: pid,
      });
    }
  }
  return limits;
}

/**
 * Services of `doveconf -a` with their limits; 0 stands for the default (Dovecot 2.3) and `18446744073709551615` or
 * `unlimited` for none.
 */
export function parseDoveconf(text: string): ServiceLimit[] {
  const defaultOf = (name: string): number | undefined =>
    limitOf(new RegExp(`^default_${name} = (\\S+)`, 'm').exec(text)?.[1]);
  const limits: ServiceLimit[] = [];
  for (const [, service, body] of text.matchAll(/^service ([\w-]+) \{\n([\s\S]*?)^\}/gm)) {
    if (service === undefined || body === undefined) continue;
    const own = (name: string): string | undefined => new RegExp(`^ {2}${name} = (\\S+)`, 'm').exec(body)?.[1];
    const read = (name: string): number | undefined => {
      const value = own(name);
      return value === undefined || value === '0' ? defaultOf(name) : limitOf(value);
    };
    const clientLimit = read('client_limit');
    limits.push({
      software: 'dovecot',
      service,
      processLimit: read('process_limit'),
      ...(clientLimit === undefined ? {} : { clientLimit }),
    });
  }
  return limits;
}

function limitOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** Names and change times of everything below; `undefined` when there is no such directory. */
async function fingerprint(directory: string): Promise<string | undefined> {
  const seen: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (seen.length >= filesMax) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (depth < depthMax) await visit(path, depth + 1);
      } else if (/\.(conf|ext)(\.|$)/.test(entry.name)) seen.push(`${path}@${(await stat(path)).mtimeMs}`);
    }
  };
  try {
    await visit(directory, 1);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return seen.join('\n');
}
