import type { ReadCommand } from '../command.ts';
import { type Family, single } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { upFamily } from './up.ts';

export type PostgresqlConfig = {
  /** A connection string for psql (`host=/run/postgresql dbname=postgres user=mailward`); the password is in ~/.pgpass. */
  readonly connection: string;
  readonly cadenceMs: number;
  readonly limitMs: number;
};

/** One row of `name<TAB>value` for each figure; every view in it is readable with `pg_monitor` or less. */
const query = `
select 'connections', count(*) from pg_stat_activity where backend_type = 'client backend'
union all select 'connections_limit', setting::bigint from pg_settings where name = 'max_connections'
union all select 'active', count(*) from pg_stat_activity where state = 'active' and backend_type = 'client backend'
union all select 'waiting', count(*) from pg_stat_activity where wait_event_type = 'Lock'
union all select 'shared_buffers', setting::bigint * 8192 from pg_settings where name = 'shared_buffers'
union all select 'hits', coalesce(sum(blks_hit), 0) from pg_stat_database
union all select 'reads', coalesce(sum(blks_read), 0) from pg_stat_database
union all select 'commits', coalesce(sum(xact_commit), 0) from pg_stat_database
union all select 'rollbacks', coalesce(sum(xact_rollback), 0) from pg_stat_database
union all select 'deadlocks', coalesce(sum(deadlocks), 0) from pg_stat_database
union all select 'temp_bytes', coalesce(sum(temp_bytes), 0) from pg_stat_database
union all select 'uptime', extract(epoch from now() - pg_postmaster_start_time())::bigint`;

type Field = readonly [field: string, name: string, type: 'counter' | 'gauge', help: string];
const fields: readonly Field[] = [
  ['connections', 'connections', 'gauge', 'Clients that are connected.'],
  ['connections_limit', 'connections_limit', 'gauge', 'Clients that may connect.'],
  ['active', 'active_connections', 'gauge', 'Clients that are being served now.'],
  ['waiting', 'waiting_connections', 'gauge', 'Clients that wait for a lock.'],
  ['shared_buffers', 'shared_buffers_bytes', 'gauge', 'Size of the buffer cache.'],
  ['hits', 'blocks_hit_total', 'counter', 'Blocks that were in the buffer cache.'],
  ['reads', 'blocks_read_total', 'counter', 'Blocks that were not.'],
  ['commits', 'transactions_committed_total', 'counter', 'Transactions committed.'],
  ['rollbacks', 'transactions_rolled_back_total', 'counter', 'Transactions rolled back.'],
  ['deadlocks', 'deadlocks_total', 'counter', 'Deadlocks.'],
  ['temp_bytes', 'temporary_files_bytes_total', 'counter', 'Data written to temporary files.'],
  ['uptime', 'uptime_seconds', 'gauge', 'Time since it started.'],
];

/** What psql says when no server is there. */
const nobodyThere = /Connection refused|No such file or directory/;

/**
 * Connections against their limit, cache hits, deadlocks of a PostgreSQL server, asked through its own client psql at a
 * slow cadence, so that credentials stay where its administrator keeps them; where psql is not installed nothing is known.
 */
export function createPostgresqlSampler(
  config: PostgresqlConfig,
  deps: { readonly readCommand: ReadCommand },
): Sampler {
  return {
    name: 'postgresql',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal) => {
      try {
        const args = ['-X', '-A', '-t', '-w', '-F', '\t', '-d', config.connection, '-c', query];
        const text = await deps.readCommand('psql', args, signal, { PGCONNECT_TIMEOUT: '5' });
        if (text === undefined) throw new Error('psql is not installed; it is needed to ask the server');
        return [...postgresqlFamilies(text), upFamily('postgresql', true)];
      } catch (error) {
        if (error instanceof Error && nobodyThere.test(error.message)) return [upFamily('postgresql', false)];
        throw error;
      }
    },
  };
}

export function postgresqlFamilies(text: string): Family[] {
  const valueByName = new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const [name, value] = line.split('\t');
      return name === undefined || value === undefined ? [] : [[name, Number(value)]];
    }),
  );
  return fields.flatMap(([field, name, type, help]) => {
    const value = valueByName.get(field);
    return value === undefined || Number.isNaN(value) ? [] : [single(`mailward_postgresql_${name}`, type, help, value)];
  });
}
