import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Family } from '../family.ts';
import { createDovecotStatsSampler, dovecotFamilies } from './dovecot-stats.ts';
import { createMariadbSampler, mariadbFamilies } from './mariadb.ts';
import { parseExposition, rowsMax, withoutTotals } from './open-metrics.ts';
import { createPostgresqlSampler, postgresqlFamilies } from './postgresql.ts';
import { createRedisSampler } from './redis.ts';
import { createRspamdSampler, rspamdFamilies } from './rspamd.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
const never = new AbortController().signal;
const noProblem = (error: unknown): never => {
  throw error;
};
const cadence = { cadenceMs: 1, limitMs: 1 };

function value(families: readonly Family[], name: string, labels: Record<string, string> = {}): number | undefined {
  const family = families.find((each) => each.name === name);
  return family?.samples.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
}

const dovecotText = `# HELP dovecot_imap_commands Total number of all events of this kind
# TYPE dovecot_imap_commands counter
dovecot_imap_commands_total 10
dovecot_imap_commands_total{cmd_name="LIST"} 4
dovecot_imap_commands_total{cmd_name="LIST",tagged_reply_state="OK"} 3
dovecot_imap_commands_total{cmd_name="LIST",tagged_reply_state="NO"} 1
dovecot_imap_commands_total{cmd_name="IDLE"} 5
dovecot_imap_commands_total{cmd_name="IDLE",tagged_reply_state="OK"} 4
dovecot_imap_commands_count 10
dovecot_auth_successes_total 7
process_start_time_seconds 12
# EOF
`;

test('a total and its parts become rows that add up to the total', () => {
  const rows = withoutTotals(parseExposition(dovecotText)).filter(({ name }) => name === 'dovecot_imap_commands_total');
  expect(rows.reduce((sum, { value: each }) => sum + each, 0)).toBe(10);
  expect(rows.map(({ labels, value: each }) => [labels, each])).toEqual([
    // One command had no name, and one IDLE no reply yet.
    [{}, 1],
    [{ cmd_name: 'LIST', tagged_reply_state: 'OK' }, 3],
    [{ cmd_name: 'LIST', tagged_reply_state: 'NO' }, 1],
    [{ cmd_name: 'IDLE' }, 1],
    [{ cmd_name: 'IDLE', tagged_reply_state: 'OK' }, 4],
  ]);
});

test('names of Dovecot pass, names of its process do not', () => {
  const families = dovecotFamilies(parseExposition(dovecotText));
  expect(families.map(({ name, type }) => [name, type])).toEqual([
    ['dovecot_imap_commands_total', 'counter'],
    ['dovecot_auth_successes_total', 'counter'],
  ]);
});

test('an exposition is read with escapes, and only so far', () => {
  expect(parseExposition('a{b="x\\"y\\n",c="d}"} 1.5e3 123\nnot a row\nnan NaN\n')).toEqual([
    { name: 'a', labels: { b: 'x"y\n', c: 'd}' }, value: 1500 },
  ]);
  expect(parseExposition('a 1\n'.repeat(rowsMax + 5))).toHaveLength(rowsMax);
});

test('a daemon that does not listen is down, one that answers with a fault is a failure', async () => {
  const port = await listen(createHttpServer((_request, response) => response.writeHead(403).end()));
  const at = (path: string) => ({ ...cadence, url: `http://127.0.0.1:${path}` });
  await expect(createDovecotStatsSampler(at(`${port}/metrics`)).sample(never, noProblem)).rejects.toThrow('403');
  const rspamd = (url: string) => createRspamdSampler({ ...cadence, url, password: undefined });
  await expect(rspamd(at(`${port}/stat`).url).sample(never, noProblem)).rejects.toThrow('403');
  const [server] = servers.splice(0);
  server?.close();
  if (server !== undefined) await once(server, 'close');
  const down = await createDovecotStatsSampler(at(`${port}/metrics`)).sample(never, noProblem);
  expect(value(down, 'mailward_dovecot_stats_up')).toBe(0);
  expect(value(await rspamd(at(`${port}/stat`).url).sample(never, noProblem), 'mailward_rspamd_up')).toBe(0);
});

test('an answer without end is cut off', async () => {
  const port = await listen(
    createHttpServer((_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    }),
  );
  const sampler = createRspamdSampler({ ...cadence, url: `http://127.0.0.1:${port}/stat`, password: undefined });
  await expect(sampler.sample(never, noProblem)).rejects.toThrow('more than');
});

/** As Rspamd 3.4 answers, with figures of a busy one. */
const stat = {
  version: '3.4',
  config_id: 'x',
  uptime: 5,
  read_only: false,
  scanned: 120,
  learned: 3,
  actions: { reject: 20, 'soft reject': 1, 'no action': 99 },
  scan_times: [0.5, 1.5, null, null],
  spam_count: 21,
  ham_count: 99,
  connections: 2,
  control_connections: 9,
  bytes_allocated: 1000,
  total_learns: 7,
  statfiles: [{ revision: 4, used: 0, total: 0, size: 0, symbol: 'BAYES_SPAM', type: 'redis', languages: 0, users: 1 }],
  fuzzy_hashes: { 'rspamd.com': 12 },
};

test('figures of Rspamd have the names of its own exporter, and one type put right', () => {
  const families = rspamdFamilies(stat);
  expect(value(families, 'rspamd_build_info', { version: '3.4' })).toBe(1);
  expect(value(families, 'rspamd_scanned_total')).toBe(120);
  expect(value(families, 'rspamd_spam_total')).toBe(21);
  expect(value(families, 'rspamd_ham_total')).toBe(99);
  expect(value(families, 'rspamd_learned_total')).toBe(3);
  expect(value(families, 'rspamd_actions_total', { type: 'soft reject' })).toBe(1);
  expect(value(families, 'rspamd_scan_time_average')).toBe(1);
  expect(value(families, 'rspamd_connections')).toBe(2);
  expect(value(families, 'rspamd_statfiles_revision', { symbol: 'BAYES_SPAM', type: 'redis' })).toBe(4);
  expect(value(families, 'rspamd_fuzzy_stat', { storage: 'rspamd.com' })).toBe(12);
  expect(families.find(({ name }) => name === 'rspamd_control_connections_total')).toMatchObject({
    type: 'counter',
    samples: [{ value: 9 }],
  });
});

test('a release of Rspamd that lacks a figure is read all the same', () => {
  expect(value(rspamdFamilies({ version: '1.0', scanned: 5 }), 'rspamd_scanned_total')).toBe(5);
  expect(() => rspamdFamilies({ error: 'no' })).toThrow();
});

function redisServer(answer: (commands: string) => string | undefined): Server {
  return createServer((socket) => {
    let heard = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard += data.toString();
      const said = heard.includes('QUIT') ? answer(heard) : undefined;
      if (said !== undefined) socket.end(said);
    });
  });
}
const redisAt = (port: number, password?: string) =>
  createRedisSampler({ ...cadence, address: { host: '127.0.0.1', port }, password }).sample(never, noProblem);

test('figures of Redis, with a password when there is one', async () => {
  const info =
    'used_memory:2048\r\nmaxmemory:4096\r\nconnected_clients:3\r\nkeyspace_hits:90\r\nkeyspace_misses:10\r\nrole:master\r\n';
  const port = await listen(
    redisServer((commands) =>
      commands.startsWith('AUTH "s\\"ecret"\r\n')
        ? `+OK\r\n$${info.length}\r\n${info}\r\n+OK\r\n`
        : '-NOAUTH Authentication required.\r\n',
    ),
  );
  const families = await redisAt(port, 's"ecret');
  expect(value(families, 'mailward_redis_up')).toBe(1);
  expect(value(families, 'mailward_redis_used_memory_bytes')).toBe(2048);
  expect(value(families, 'mailward_redis_memory_limit_bytes')).toBe(4096);
  expect(value(families, 'mailward_redis_keyspace_misses_total')).toBe(10);
  expect(value(families, 'mailward_redis_evicted_keys_total')).toBeUndefined();
  await expect(redisAt(port)).rejects.toThrow('Authentication required');
});

test('a Redis that talks without end is cut off', async () => {
  const port = await listen(redisServer(() => `${'x'.repeat(1024 * 1024)}\r\n`));
  await expect(redisAt(port)).rejects.toThrow('more than');
});

test('figures of MariaDB, whatever the case of their names', () => {
  const families = mariadbFamilies(
    'Threads_connected\t12\nmax_connections\t151\nInnodb_buffer_pool_reads\t40\nInnodb_buffer_pool_read_requests\t4000\nSlow_queries\t3\nversion\t10.11.19-MariaDB\n',
  );
  expect(value(families, 'mailward_mariadb_connections')).toBe(12);
  expect(value(families, 'mailward_mariadb_connections_limit')).toBe(151);
  expect(value(families, 'mailward_mariadb_buffer_pool_reads_total')).toBe(40);
  expect(value(families, 'mailward_mariadb_slow_queries_total')).toBe(3);
  expect(value(families, 'mailward_mariadb_galera_cluster_size')).toBeUndefined();
});

test('figures of PostgreSQL', () => {
  const families = postgresqlFamilies('connections\t5\nconnections_limit\t100\nhits\t900\nreads\t100\n');
  expect(value(families, 'mailward_postgresql_connections')).toBe(5);
  expect(value(families, 'mailward_postgresql_blocks_hit_total')).toBe(900);
});

test('databases: the old name of the client, no client at all, and no server', async () => {
  const mariadb = (readCommand: Parameters<typeof createMariadbSampler>[1]['readCommand']) =>
    createMariadbSampler({ ...cadence, clientArgs: ['--socket=/x'] }, { readCommand }).sample(never, noProblem);
  const old = await mariadb(async (program, args) =>
    program === 'mysql' && args[0] === '--socket=/x' ? 'Uptime\t9\n' : undefined,
  );
  expect(value(old, 'mailward_mariadb_uptime_seconds')).toBe(9);
  await expect(mariadb(async () => undefined)).rejects.toThrow('is installed');
  const refused = await mariadb(async () => noProblem(new Error("ERROR 2002 (HY000): Can't connect to local server")));
  expect(value(refused, 'mailward_mariadb_up')).toBe(0);
  await expect(mariadb(async () => noProblem(new Error('ERROR 1045: Access denied')))).rejects.toThrow('1045');
  const postgresql = (readCommand: Parameters<typeof createPostgresqlSampler>[1]['readCommand']) =>
    createPostgresqlSampler({ ...cadence, connection: 'dbname=x' }, { readCommand }).sample(never, noProblem);
  await expect(postgresql(async () => undefined)).rejects.toThrow('not installed');
  const gone = await postgresql(async () => noProblem(new Error('connection failed: Connection refused')));
  expect(value(gone, 'mailward_postgresql_up')).toBe(0);
});
