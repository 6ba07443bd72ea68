// The samplers that ask other programs, against the real ones: Dovecot with the configuration that deploy/ ships, Redis,
// MariaDB, PostgreSQL and Rspamd, each private, on a socket or a free loopback port.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { readCommand } from '../../services/agent/metrics/command.ts';
import { createDovecotStatsSampler } from '../../services/agent/metrics/daemons/dovecot-stats.ts';
import { createMariadbSampler } from '../../services/agent/metrics/daemons/mariadb.ts';
import { createPostgresqlSampler } from '../../services/agent/metrics/daemons/postgresql.ts';
import { createRedisSampler } from '../../services/agent/metrics/daemons/redis.ts';
import { createRspamdSampler } from '../../services/agent/metrics/daemons/rspamd.ts';
import { createFamilyBoard, type Family } from '../../services/agent/metrics/family.ts';
import { parseDoveconf } from '../../services/agent/metrics/host/service-limits.ts';
import type { Sampler } from '../../services/agent/metrics/sampler.ts';
import { systemClock } from '../../services/runtime/clock.ts';

const cadence = { cadenceMs: 1000, limitMs: 10_000 };
const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Where a program is; where it is not, the test is skipped with a word, and with CI=true it fails. */
function findPrograms(...names: readonly string[]): { readonly paths: readonly string[]; readonly isSkipped: boolean } {
  const folders = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/usr/lib/postgresql/15/bin'];
  const paths = names.map((name) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? '');
  const missing = names.filter((_, at) => paths[at] === '');
  if (process.getuid?.() !== 0) missing.push('root');
  if (missing.length > 0 && process.env.CI === 'true') return { paths, isSkipped: false };
  if (missing.length > 0) process.stderr.write(`node-metrics-daemons: skipped, missing: ${missing.join(', ')}\n`);
  return { paths, isSkipped: missing.length > 0 };
}

const dovecot = findPrograms('dovecot', 'doveconf', 'doveadm');
const redis = findPrograms('redis-server');
const mariadb = findPrograms('mariadbd', 'mariadb', 'mariadb-install-db');
const postgresql = findPrograms('initdb', 'postgres', 'psql');
const rspamd = findPrograms('rspamd');

test('a command: its answer, a program that is not there, a failure, and one that is too slow', async () => {
  const signal = AbortSignal.timeout(10_000);
  expect(await readCommand('sh', ['-c', 'echo $LC_ALL; echo $EXTRA'], signal, { EXTRA: 'x' })).toBe('C\nx\n');
  expect(await readCommand('no-such-program-anywhere', [], signal)).toBeUndefined();
  await expect(readCommand('sh', ['-c', 'echo it broke >&2; exit 3'], signal)).rejects.toThrow('it broke');
  await expect(readCommand('sh', ['-c', 'head -c 20000000 /dev/zero'], signal)).rejects.toThrow('maxBuffer');
  const limit = new AbortController();
  const slow = readCommand('sleep', ['600'], limit.signal);
  limit.abort(new Error('too slow'));
  await expect(slow).rejects.toThrow();
});

test.skipIf(dovecot.isSkipped)('Dovecot, with the configuration that is shipped', async () => {
  const folder = await makeFolder();
  const [imapPort, statsPort] = [await freePort(), await freePort()];
  const shipped = join(import.meta.dirname, '../../deploy/dovecot/95-mailward-metrics.conf');
  const file = join(folder, 'dovecot.conf');
  await writeFile(join(folder, 'users'), 'alice@metrics.test:{PLAIN}secret::::::\n');
  await mkdir(join(folder, 'mail'), { mode: 0o777 });
  await chmod(join(folder, 'mail'), 0o777);
  await writeFile(
    file,
    `!include ${shipped}
protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail/%n
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${folder}/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${folder}/mail/%n
}
service imap-login {
  process_limit = 33
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service stats {
  inet_listener http {
    port = ${statsPort}
  }
}
`,
  );
  const [program = '', doveconf = '', doveadm = ''] = dovecot.paths;
  execFileSync(program, ['-c', file], { stdio: 'ignore' });
  cleanUps.push(() => void execFileSync(doveadm, ['-c', file, 'stop'], { stdio: 'ignore' }));
  await imapSession(imapPort, ['a LOGIN alice@metrics.test wrong', 'b LOGIN alice@metrics.test secret']);
  await imapSession(imapPort, ['a LOGIN alice@metrics.test secret', 'b LIST "" *', 'c NOOP', 'd LOGOUT']);
  const sampler = createDovecotStatsSampler({ ...cadence, url: `http://127.0.0.1:${statsPort}/metrics` });
  // Events reach the statistics process in its own time.
  const families = await sampleUntil(sampler, (now) => sum(now, 'dovecot_mail_user_session_finished_total') === 2);
  expect(await lint(families)).toBe('');
  expect(sum(families, 'mailward_dovecot_stats_up')).toBe(1);
  expect(sum(families, 'dovecot_auth_successes_total')).toBe(2);
  expect(sum(families, 'dovecot_auth_failures_total')).toBe(1);
  // The second session's three commands, each in one row only, though Dovecot states totals beside their parts.
  const rows = families.find(({ name }) => name === 'dovecot_imap_commands_total')?.samples ?? [];
  expect(rows.map(({ labels }) => labels)).toContainEqual({ cmd_name: 'LIST', tagged_reply_state: 'OK' });
  expect(rows.filter(({ labels }) => labels.cmd_name === 'LIST')).toHaveLength(1);
  const said = await (await fetch(`http://127.0.0.1:${statsPort}/metrics`)).text();
  const all = Number(/^dovecot_imap_commands_count (\d+)$/m.exec(said)?.[1]);
  expect(all).toBe(3);
  expect(sum(families, 'dovecot_imap_commands_total')).toBe(all);
  const stated = [...said.matchAll(/^dovecot_imap_commands_total\{.*\} (\d+)$/gm)];
  expect(stated.reduce((total, [, value]) => total + Number(value), 0)).toBe(2 * all);

  const text = execFileSync(doveconf, ['-a', '-c', file], { encoding: 'utf8' });
  const limits = parseDoveconf(text);
  expect(limits.find(({ service }) => service === 'imap-login')).toMatchObject({ processLimit: 33, clientLimit: 1000 });
  expect(limits.find(({ service }) => service === 'imap')?.processLimit).toBe(1024);
});

test.skipIf(redis.isSkipped)('Redis, over a socket and with a password', async () => {
  const folder = await makeFolder();
  const path = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', path, '--requirepass', 'pass word', '--dir', folder, '--save', ''];
  run(redis.paths[0], [...args, '--maxmemory', '64mb']);
  const sampler = createRedisSampler({ ...cadence, address: { path }, password: 'pass word' });
  const families = await sampleUntil(sampler, (now) => sum(now, 'mailward_redis_up') === 1);
  expect(await lint(families)).toBe('');
  expect(sum(families, 'mailward_redis_memory_limit_bytes')).toBe(64 * 1024 * 1024);
  expect(sum(families, 'mailward_redis_connected_clients')).toBe(1);
  expect(sum(families, 'mailward_redis_keyspace_hits_total')).toBe(0);
  const wrong = createRedisSampler({ ...cadence, address: { path }, password: 'no' });
  await expect(sample(wrong)).rejects.toThrow(/WRONGPASS|invalid/);
});

test.skipIf(mariadb.isSkipped)('MariaDB, through its own client', async () => {
  const folder = await makeFolder();
  const [server, , install = ''] = mariadb.paths;
  const data = join(folder, 'data');
  const setUp = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=socket'];
  execFileSync(install, [...setUp, '--skip-test-db'], { stdio: 'ignore' });
  const socket = join(folder, 'db.sock');
  const plain = ['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--skip-networking', '--user=root'];
  run(server, [...plain, '--innodb-buffer-pool-size=16M', '--max-connections=42']);
  const clientArgs = ['--no-defaults', `--socket=${socket}`];
  const sampler = createMariadbSampler({ ...cadence, clientArgs }, { readCommand });
  const families = await sampleUntil(sampler, (now) => sum(now, 'mailward_mariadb_up') === 1);
  expect(await lint(families)).toBe('');
  expect(sum(families, 'mailward_mariadb_connections_limit')).toBe(42);
  expect(sum(families, 'mailward_mariadb_connections')).toBe(1);
  expect(sum(families, 'mailward_mariadb_buffer_pool_size_bytes')).toBe(16 * 1024 * 1024);
  expect(sum(families, 'mailward_mariadb_buffer_pool_read_requests_total')).toBeGreaterThan(0);
  expect(sum(families, 'mailward_mariadb_slow_queries_total')).toBe(0);
});

test.skipIf(postgresql.isSkipped)('PostgreSQL, through its own client', async () => {
  const folder = await makeFolder();
  const data = join(folder, 'data');
  await mkdir(data);
  // It refuses to run as root.
  const { uid, gid } = await accountOf('postgres');
  await chown(data, uid, gid);
  const [initdb = '', server] = postgresql.paths;
  execFileSync(initdb, ['-D', data, '-U', 'watcher', '-A', 'trust', '--no-sync'], { uid, gid, stdio: 'ignore' });
  const options = ['-D', data, '-k', data, '-c', 'listen_addresses=', '-c', 'max_connections=17'];
  run(server, options, { uid, gid });
  const connection = `host=${data} user=watcher dbname=postgres`;
  const sampler = createPostgresqlSampler({ ...cadence, connection }, { readCommand });
  const families = await sampleUntil(sampler, (now) => sum(now, 'mailward_postgresql_up') === 1);
  expect(await lint(families)).toBe('');
  expect(sum(families, 'mailward_postgresql_connections_limit')).toBe(17);
  expect(sum(families, 'mailward_postgresql_connections')).toBe(1);
  expect(sum(families, 'mailward_postgresql_shared_buffers_bytes')).toBeGreaterThan(1024 * 1024);
  expect(sum(families, 'mailward_postgresql_blocks_hit_total')).toBeGreaterThan(0);
});

test.skipIf(rspamd.isSkipped)('Rspamd, under the names that its own exporter uses', async () => {
  const folder = await makeFolder();
  const port = await freePort();
  const file = join(folder, 'rspamd.conf');
  await writeFile(
    file,
    `options { pidfile = "${folder}/rspamd.pid"; tempdir = "${folder}"; filters = ""; one_shot = true; }
logging { type = "file"; filename = "${folder}/rspamd.log"; }
worker "controller" { bind_socket = "127.0.0.1:${port}"; count = 1; secure_ip = "127.0.0.1"; }
`,
  );
  run(rspamd.paths[0], ['-f', '-c', file, '-i', '--var', `DBDIR=${folder}`, '--var', `RUNDIR=${folder}`]);
  const url = `http://127.0.0.1:${port}/stat`;
  const sampler = createRspamdSampler({ ...cadence, url, password: undefined });
  const families = await sampleUntil(sampler, (now) => sum(now, 'mailward_rspamd_up') === 1);
  expect(await lint(families)).toBe('');
  const own = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const names = [...own.matchAll(/^# TYPE (rspamd_\w+)/gm)].map(([, name = '']) => name);
  // The shape of its memory pools is for its authors; everything else of its own exporter is here.
  const left = /^rspamd_(config|pools_|chunks_|shared_chunks_|fragmented)/;
  const stated = new Set(families.map(({ name }) => name));
  expect(names.filter((name) => !stated.has(name) && !left.test(name))).toEqual([]);
  expect(names.length).toBeGreaterThan(8);
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mailward-daemons-'));
  await chmod(folder, 0o755);
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function run(
  program: string | undefined,
  args: readonly string[],
  as: { uid?: number; gid?: number } = {},
): ChildProcess {
  if (program === undefined || program === '') throw new Error('a program of this test is not installed');
  const child = spawn(program, args, { stdio: 'ignore', ...as });
  const ended = once(child, 'exit');
  cleanUps.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return child;
}

function sample(sampler: Sampler): Promise<readonly Family[]> {
  return sampler.sample(AbortSignal.timeout(cadence.limitMs), (error) => {
    throw error;
  });
}

async function sampleUntil(sampler: Sampler, isSo: (families: readonly Family[]) => boolean) {
  const endsAt = systemClock.monotonicMs() + 60_000;
  let last: unknown;
  while (systemClock.monotonicMs() < endsAt) {
    try {
      const families = await sample(sampler);
      if (isSo(families)) return families;
      last = families.map(({ name, samples }) => `${name} ${samples[0]?.value}`);
    } catch (error) {
      last = error;
    }
    await new Promise<void>((next) => systemClock.after(200, next));
  }
  throw new Error(`not so within a minute; last: ${last}`, { cause: last });
}

/** What the linter of Prometheus says about the families; nothing is good. */
async function lint(families: readonly Family[]): Promise<string> {
  const registry = new Registry();
  createFamilyBoard(registry).show('lint', families);
  const [promtool] = findPrograms('promtool').paths;
  if (promtool === undefined || promtool === '') return '';
  return execFileSync(promtool, ['check', 'metrics'], { input: await registry.metrics(), encoding: 'utf8' });
}

function sum(families: readonly Family[], name: string): number {
  const samples = families.find((family) => family.name === name)?.samples ?? [];
  return samples.reduce((total, { value }) => total + value, 0);
}

async function imapSession(port: number, commands: readonly string[]): Promise<void> {
  const endsAt = systemClock.monotonicMs() + 20_000;
  let socket = connect(port, '127.0.0.1');
  for (;;) {
    const isThere = await once(socket, 'data').then(
      () => true,
      () => false,
    );
    if (isThere) break;
    if (systemClock.monotonicMs() > endsAt) throw new Error('the IMAP server does not greet');
    await new Promise<void>((next) => systemClock.after(100, next));
    socket = connect(port, '127.0.0.1');
  }
  for (const command of commands) {
    const tag = command.split(' ')[0];
    let answer = '';
    socket.write(`${command}\r\n`);
    while (!answer.includes(`${tag} `)) answer += String((await once(socket, 'data'))[0]);
  }
  socket.end();
  await once(socket, 'close');
}

async function accountOf(name: string): Promise<{ uid: number; gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error(`there is no account ${name} (we are ${userInfo().username})`);
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
