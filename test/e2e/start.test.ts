// `mailward start --demo` as a person starts it: everything serves, the page has something to tell, and nothing is left behind.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodesSchema, overviewSchema, storyCountSchema } from '../../services/protocol/api.ts';

const cli = resolve(import.meta.dirname, '../../services/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'mailward-start-'));

type Run = {
  readonly firstLine: Promise<string>;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
  readonly interrupt: () => void;
  readonly pid: number;
};

function runCli(args: readonly string[]): Run {
  // Temporary folders of the demo go into ours, where leftovers can be seen.
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, TMPDIR: folder } });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const firstLine = new Promise<string>((done, fail) => {
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
      const end = stdout.indexOf('\n');
      if (end >= 0) done(stdout.slice(0, end));
    });
    ended.then((code) => fail(new Error(`ended with ${code} before its first line: ${stderr}`)));
  });
  firstLine.catch(() => {});
  return { firstLine, stderr: () => stderr, ended, interrupt: () => child.kill('SIGINT'), pid: child.pid ?? 0 };
}

/** Processes below `pid`, as /proc tells. */
function descendantsOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [{ pid: Number(name), parent: Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]) }];
      } catch {
        return [];
      }
    });
  const children = parents.filter(({ parent }) => parent === pid).map((child) => child.pid);
  return [...children, ...children.flatMap(descendantsOf)];
}
/** Empty for a process that has ended meanwhile, as what an agent asks its node by does at once. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
const isAlive = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
};

let run: Run;
let url = '';
beforeAll(async () => {
  run = runCli(['start', '--demo', '--port', '0', '--json']);
  const ready = JSON.parse(await run.firstLine) as { url: string; mode: string; nodes: string[]; examples: unknown[] };
  expect(ready).toMatchObject({ ready: true, mode: 'demo', nodes: ['mx1', 'mx2', 'mx3'] });
  expect(ready.examples.length).toBeGreaterThan(0);
  url = ready.url;
}, 60_000);
afterAll(() => {
  run.interrupt();
  rmSync(folder, { recursive: true, force: true });
});

const read = async (path: string): Promise<unknown> => {
  const response = await fetch(`${url}${path}`);
  expect(response.status, path).toBe(200);
  return response.json();
};

test('three nodes are up, each with an agent process of its own', async () => {
  const { nodes } = nodesSchema.parse(await read('/api/v1/nodes'));
  expect(nodes.map(({ node, state }) => `${node} ${state}`).toSorted()).toEqual(['mx1 up', 'mx2 up', 'mx3 up']);
  const commands = descendantsOf(run.pid).map(commandOf);
  expect(commands.filter((command) => command.includes('services/agent/main.ts'))).toHaveLength(3);
});

test.each(['delivered', 'deferred', 'bounced', 'expired', 'rejected', 'discarded'])(
  'there are stories that were %s',
  async (fate) => {
    await expect
      .poll(async () => storyCountSchema.parse(await read(`/api/v1/stories/count?fate=${fate}`)).count, {
        timeout: 20_000,
      })
      .toBeGreaterThan(0);
  },
);

test('the last hour is there, every line of it understood, and mail goes on', async () => {
  const overview = async () => overviewSchema.parse(await read('/api/v1/overview?windowMs=3600000'));
  const busyMinutes = async () => (await overview()).flow.filter(({ accepted }) => accepted > 0).length;
  await expect.poll(busyMinutes, { timeout: 20_000 }).toBeGreaterThan(50);
  const { completeness, totals } = await overview();
  expect(completeness.complete).toBe(true);
  expect(completeness.sources.map(({ unparsedLines }) => unparsedLines)).toEqual([0, 0, 0]);
  await expect
    .poll(async () => (await overview()).totals.accepted, { timeout: 30_000 })
    .toBeGreaterThan(totals.accepted);
});

test('a busy port is told with its holder and the option', async () => {
  const holder = createServer();
  const port = await new Promise<number>((done) => {
    holder.listen(0, '127.0.0.1', () => {
      const address = holder.address();
      done(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const second = runCli(['start', '--demo', '--port', String(port)]);
  expect(await second.ended).toBe(3);
  expect(second.stderr()).toContain(`Port ${port}`);
  expect(second.stderr()).toContain(`process ${process.pid}`);
  expect(second.stderr()).toContain('--port');
  holder.close();
});

test('one Ctrl-C ends it all: no process and no folder is left', async () => {
  const family = descendantsOf(run.pid);
  expect(family.length).toBeGreaterThanOrEqual(5);
  run.interrupt();
  expect(await run.ended).toBe(0);
  expect(run.stderr()).toBe('');
  expect(family.filter(isAlive)).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

test.each(['control', 'demo'])(
  'Ctrl-C while %s is still starting ends it all quietly, and nothing is left behind',
  async (name) => {
    const early = runCli(['start', '--demo', '--port', '0', '--json']);
    const isThere = () => descendantsOf(early.pid).some((pid) => commandOf(pid).includes(`${name}/main.ts`));
    await expect.poll(isThere, { timeout: 20_000, interval: 5 }).toBe(true);
    const family = descendantsOf(early.pid);
    early.interrupt();
    expect(await early.ended).toBe(0);
    expect(early.stderr()).toBe('');
    expect(family.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test('the children end also when the parent is killed', async () => {
  const doomed = runCli(['start', '--demo', '--port', '0', '--json']);
  await doomed.firstLine;
  const family = descendantsOf(doomed.pid);
  process.kill(doomed.pid, 'SIGKILL');
  await doomed.ended;
  await expect.poll(() => family.filter(isAlive), { timeout: 9_000 }).toEqual([]);
});

test('a mail log that is named is followed by one local agent', async () => {
  const log = join(folder, 'own.log');
  const stamp = new Date().toISOString();
  writeFileSync(
    log,
    `${stamp} mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from a.example.net[192.0.2.1]: 550 5.1.1 <no@example.org>: Recipient address rejected: User unknown; from=<a@example.net> to=<no@example.org> proto=ESMTP helo=<a>\n`,
  );
  const local = runCli(['start', '--port', '0', '--json', '--file', log, '--data-dir', join(folder, 'own')]);
  const ready = JSON.parse(await local.firstLine) as { url: string; mode: string; files: string[] };
  expect(ready).toMatchObject({ mode: 'agent', files: [log] });
  const count = async () =>
    storyCountSchema.parse(await (await fetch(`${ready.url}/api/v1/stories/count?fate=rejected`)).json()).count;
  await expect.poll(count, { timeout: 10_000 }).toBe(1);
  local.interrupt();
  expect(await local.ended).toBe(0);
}, 60_000);

test('a mail log that is named and not there is an error, not a demo', async () => {
  const lost = runCli(['start', '--port', '0', '--file', join(folder, 'absent.log')]);
  expect(await lost.ended).toBe(3);
  expect(lost.stderr()).toContain('absent.log');
});

test('a Node that is too old is told so, with the way out', () => {
  const pretend = 'Object.defineProperty(process, "version", { value: "v20.20.2" })';
  const launcher = resolve(import.meta.dirname, '../../services/cli/mailward.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${pretend}`, launcher, 'start'],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(3);
  expect(stderr).toBe(
    'mailward: Node 24 or newer is needed and this is v20.20.2. `npm start` brings a Node of its own.\n',
  );
});

test('the launcher runs the commands', () => {
  const launcher = resolve(import.meta.dirname, '../../services/cli/mailward.js');
  const { status, stdout } = spawnSync(process.execPath, [launcher, 'start', '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toContain('mailward start --file');
});
