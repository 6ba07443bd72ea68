import { connect } from 'node:net';
import { type Family, single } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { isNobodyThere } from './http-text.ts';
import { upFamily } from './up.ts';

/** INFO of a large server is some 10 KiB; more than this is not an answer to it. */
const answerBytesMax = 256 * 1024;

export type RedisConfig = {
  /** A socket's path, or host and port. */
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly password: string | undefined;
  readonly cadenceMs: number;
  readonly limitMs: number;
};

/** Memory, clients, hit rate, evictions and replication of a Redis or Valkey server, from `INFO`. */
export function createRedisSampler(config: RedisConfig): Sampler {
  return {
    name: 'redis',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal) => {
      try {
        return [...redisFamilies(parseInfo(await askInfo(config, signal))), upFamily('redis', true)];
      } catch (error) {
        if (isNobodyThere(error)) return [upFamily('redis', false)];
        throw error;
      }
    },
  };
}

/** `INFO` and `QUIT` as inline commands: the server answers with one bulk string and closes (RESP, "Inline commands"). */
function askInfo(config: RedisConfig, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...config.address, signal });
    const commands = [...(config.password === undefined ? [] : [`AUTH ${quote(config.password)}`]), 'INFO', 'QUIT'];
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(commands.map((command) => `${command}\r\n`).join('')));
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > answerBytesMax) socket.destroy(new Error(`redis answers more than ${answerBytesMax} bytes`));
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const fault = /^-(.*)$/m.exec(answer)?.[1];
      if (fault === undefined) resolve(answer);
      else reject(new Error(`redis answers: ${fault.trim()}`));
    });
  });
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]/g, '')}"`;
}

/** `name:value` lines of INFO; numbers only. */
export function parseInfo(text: string): ReadonlyMap<string, number> {
  const valueByName = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^(\w+):(-?[\d.]+)\r?$/gm))
    if (name !== undefined) valueByName.set(name, Number(value));
  return valueByName;
}

const fields: readonly (readonly [field: string, name: string, type: 'counter' | 'gauge', help: string])[] = [
  ['connected_clients', 'connected_clients', 'gauge', 'Clients that are connected.'],
  ['maxclients', 'clients_limit', 'gauge', 'Clients that may connect.'],
  ['blocked_clients', 'blocked_clients', 'gauge', 'Clients that wait in a blocking command.'],
  ['rejected_connections', 'rejected_connections_total', 'counter', 'Connections refused for the limit of clients.'],
  ['used_memory', 'used_memory_bytes', 'gauge', 'Memory in use.'],
  ['evicted_keys', 'evicted_keys_total', 'counter', 'Keys removed for want of memory.'],
  ['expired_keys', 'expired_keys_total', 'counter', 'Keys whose time was over.'],
  ['keyspace_hits', 'keyspace_hits_total', 'counter', 'Look-ups that found a key.'],
  ['keyspace_misses', 'keyspace_misses_total', 'counter', 'Look-ups that found none.'],
  ['total_commands_processed', 'commands_total', 'counter', 'Commands done.'],
  ['uptime_in_seconds', 'uptime_seconds', 'gauge', 'Time since it started.'],
  ['master_link_down_since_seconds', 'replication_down_seconds', 'gauge', 'Time since the link to the primary broke.'],
  ['connected_slaves', 'connected_replicas', 'gauge', 'Replicas that are connected.'],
];

export function redisFamilies(info: ReadonlyMap<string, number>): Family[] {
  const families = fields.flatMap(([field, name, type, help]) => {
    const value = info.get(field);
    return value === undefined || value < 0 ? [] : [single(`mailward_redis_${name}`, type, help, value)];
  });
  // 0 says that there is no limit.
  const limit = info.get('maxmemory');
  if (limit !== undefined && limit > 0)
    families.push(single('mailward_redis_memory_limit_bytes', 'gauge', 'Memory that it may use.', limit));
  return families;
}
