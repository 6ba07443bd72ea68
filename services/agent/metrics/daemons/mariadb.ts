import type { ReadCommand } from '../command.ts';
import { type Family, single } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { upFamily } from './up.ts';

export type MariadbConfig = {
  /** Arguments for the client: a socket, a host, `--defaults-extra-file` with the credentials. */
  readonly clientArgs: readonly string[];
  readonly cadenceMs: number;
  readonly limitMs: number;
};

const query = 'SHOW GLOBAL STATUS; SHOW GLOBAL VARIABLES';
/** What the client says when no server is there (errors 2002 and 2003). */
const nobodyThere = /\b(2002|2003)\b/;

/**
 * Connections against their limit, buffer pool, hit rate and slow queries of a MariaDB or MySQL server. It asks through the
 * server's own client program at a slow cadence, so that credentials stay where its administrator keeps them; where the
 * client is not installed nothing is known.
 */
export function createMariadbSampler(config: MariadbConfig, deps: { readonly readCommand: ReadCommand }): Sampler {
  const ask = async (signal: AbortSignal): Promise<string | undefined> => {
    // `mysql` is the old name of the same program; --defaults-… must stand first, so ours come after.
    for (const program of ['mariadb', 'mysql']) {
      const args = [...config.clientArgs, '--batch', '--skip-column-names', '--connect-timeout=5', '-e', query];
      const text = await deps.readCommand(program, args, signal);
      if (text !== undefined) return text;
    }
    throw new Error('neither mariadb nor mysql is installed; the client package is needed to ask the server');
  };
  return {
    name: 'mariadb',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal) => {
      try {
        return [...mariadbFamilies((await ask(signal)) ?? ''), upFamily('mariadb', true)];
      } catch (error) {
        if (error instanceof Error && nobodyThere.test(error.message)) return [upFamily('mariadb', false)];
        throw error;
      }
    },
  };
}

type Field = readonly [field: string, name: string, type: 'counter' | 'gauge', help: string];
const fields: readonly Field[] = [
  ['threads_connected', 'connections', 'gauge', 'Clients that are connected.'],
  ['max_connections', 'connections_limit', 'gauge', 'Clients that may connect.'],
  ['threads_running', 'threads_running', 'gauge', 'Clients that are being served now.'],
  ['connection_errors_max_connections', 'connections_refused_total', 'counter', 'Connections refused for the limit.'],
  ['aborted_connects', 'connects_aborted_total', 'counter', 'Connections that failed to be made.'],
  ['questions', 'queries_total', 'counter', 'Statements of clients.'],
  ['slow_queries', 'slow_queries_total', 'counter', 'Statements that took longer than long_query_time.'],
  ['innodb_buffer_pool_size', 'buffer_pool_size_bytes', 'gauge', 'Size of the InnoDB buffer pool.'],
  ['innodb_buffer_pool_bytes_data', 'buffer_pool_data_bytes', 'gauge', 'Data in the buffer pool.'],
  ['innodb_buffer_pool_bytes_dirty', 'buffer_pool_dirty_bytes', 'gauge', 'Data in the pool not yet written.'],
  ['innodb_buffer_pool_read_requests', 'buffer_pool_read_requests_total', 'counter', 'Reads of a page.'],
  ['innodb_buffer_pool_reads', 'buffer_pool_reads_total', 'counter', 'Reads that had to go to the disk.'],
  ['innodb_row_lock_waits', 'row_lock_waits_total', 'counter', 'Waits for a row lock.'],
  ['innodb_deadlocks', 'deadlocks_total', 'counter', 'Deadlocks.'],
  ['created_tmp_disk_tables', 'temporary_disk_tables_total', 'counter', 'Temporary tables on disk.'],
  ['table_open_cache_misses', 'table_cache_misses_total', 'counter', 'Tables that were not in the cache.'],
  ['table_open_cache_hits', 'table_cache_hits_total', 'counter', 'Tables that were in the cache.'],
  ['uptime', 'uptime_seconds', 'gauge', 'Time since it started.'],
  ['wsrep_cluster_size', 'galera_cluster_size', 'gauge', 'Members of the Galera cluster.'],
];

/** `name<TAB>value` lines; names are compared without case. */
export function mariadbFamilies(text: string): Family[] {
  const valueByName = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, value] = line.split('\t');
    if (name !== undefined && value !== undefined && /^-?\d+(\.\d+)?$/.test(value))
      valueByName.set(name.toLowerCase(), Number(value));
  }
  return fields.flatMap(([field, name, type, help]) => {
    const value = valueByName.get(field);
    return value === undefined ? [] : [single(`mailward_mariadb_${name}`, type, help, value)];
  });
}
