// Thousands of senders that mean harm, at the agent's syslog ports and at control's, beside one that does not: what it costs
// in memory, what was refused and why, and how much longer the good one waits.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, peakRssMiB } from '../bench/process-figures.ts';
import { endAll, type RealProcess, startProcess } from '../e2e/real-process.ts';
import type { HostilePlan, HostileReport } from './hostile-senders.ts';

const goodEveryMs = 50;
const lookMs = 2;
const goodWithinMs = 15_000;

export type SendersResult = {
  /** Connections that were opened at all, and the most that the agent held at once. */
  readonly connections: number;
  readonly heldMax: number;
  readonly goodLost: number;
  /** From the good sender's write until its message is safe on the agent's disk. */
  readonly quietMs: Latency;
  readonly attackedMs: Latency;
  /** Median under attack over median in quiet. */
  readonly ratio: number;
  readonly apiAttackedMs: Latency;
  readonly refused: Readonly<Record<string, number>>;
  readonly controlRefused: Readonly<Record<string, number>>;
  readonly agentRssMiB: number;
  readonly controlRssMiB: number;
  readonly agentCpuSeconds: number;
  readonly controlCpuSeconds: number;
  readonly hostile: HostileReport;
};
type Latency = { readonly p50: number; readonly p99: number };

export async function runSenders(options: {
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}): Promise<SendersResult> {
  const { connections, seconds, seed, say } = options;
  const folder = mkdtempSync(join(tmpdir(), 'mailward-senders-'));
  const hostile = fork(join(import.meta.dirname, 'hostile-senders.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
    const { agent, ports } = await startHub(folder, control.url);
    const good = createGoodSender(ports.tcp, join(folder, 'agent', 'spool'));
    const quietMs = latencyOf(await good.send(Math.min(seconds, 10)));
    say(`alone: ${JSON.stringify(quietMs)} ms`);
    hostile.send({ connections, seed, ports: { ...ports, http: control.port } } satisfies HostilePlan);
    let isOver = false;
    const watching = watch(agent, control, () => isOver);
    const attackedMs = latencyOf(await good.send(seconds));
    isOver = true;
    const { heldMax, apiTimes } = await watching;
    const answer = once(hostile, 'message');
    hostile.send('report');
    const [report] = (await answer) as [HostileReport];
    say(`under attack: ${JSON.stringify(attackedMs)} ms, ${report.opened} connections`);
    const result = {
      ...{ connections: report.opened, heldMax, goodLost: good.lost(), quietMs, attackedMs },
      ratio: Number((attackedMs.p50 / quietMs.p50).toFixed(2)),
      apiAttackedMs: latencyOf(apiTimes),
      refused: await refusals(agent.url, 'mailward_agent_syslog_refused_total'),
      controlRefused: await refusals(control.url, 'mailward_http_connections_refused_total'),
      ...{ agentRssMiB: peakRssMiB(agent.pid), controlRssMiB: peakRssMiB(control.pid) },
      ...{ agentCpuSeconds: cpuSeconds(agent.pid), controlCpuSeconds: cpuSeconds(control.pid), hostile: report },
    };
    good.close();
    return result;
  } finally {
    hostile.kill('SIGKILL');
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An agent that takes syslog in every form, with the bounds that it has by itself. */
async function startHub(folder: string, controlUrl: string) {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '1'];
  execFileSync('openssl', [...make, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const listener = { port: 0 };
  const config = {
    ...{ node: 'hub', files: [join(folder, 'none.log')], dataDir: join(folder, 'agent'), metrics: { port: 0 } },
    syslog: { udp: listener, tcp: listener, tls: { ...listener, cert, key }, frameMs: 3000 },
  };
  const file = join(folder, 'agent.yaml');
  writeFileSync(file, JSON.stringify(config));
  const agent = await startProcess('agent', ['--config', file, '--control', controlUrl]);
  const said = agent
    .stderr()
    .split('\n')
    .find((line) => line.includes('syslog is taken'));
  return { agent, ports: JSON.parse(said ?? '{}') as { udp: number; tcp: number; tls: number } };
}

/** One connection that sends a message, waits until it is on disk, and sends the next. */
function createGoodSender(port: number, spool: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let [sent, lost] = [0, 0];
  const isKept = (text: string): boolean =>
    readdirSync(spool)
      .filter((name) => name.endsWith('.spool'))
      .slice(-2)
      .some((name) => readFileSync(join(spool, name)).includes(text));
  return {
    send: async (seconds: number): Promise<number[]> => {
      const times: number[] = [];
      const until = performance.now() + seconds * 1000;
      while (performance.now() < until) {
        const text = `good message number ${sent++}.`;
        const began = performance.now();
        socket.write(`<22>1 2026-11-22T10:00:00Z good postfix/smtpd 7 - - ${text}\n`);
        let isThere = isKept(text);
        while (!isThere && performance.now() - began < goodWithinMs && !socket.destroyed) {
          await delay(lookMs);
          isThere = isKept(text);
        }
        if (!isThere) lost++;
        times.push(performance.now() - began);
        await delay(goodEveryMs);
      }
      return times;
    },
    lost: () => lost,
    close: () => socket.destroy(),
  };
}

async function watch(agent: RealProcess, control: RealProcess, isOver: () => boolean) {
  let heldMax = 0;
  const apiTimes: number[] = [];
  while (!isOver()) {
    const began = performance.now();
    await (await fetch(`${control.url}/api/v1/overview`)).arrayBuffer();
    apiTimes.push(performance.now() - began);
    heldMax = Math.max(heldMax, await readMetric(agent.url, 'mailward_agent_syslog_connections'));
    await delay(500);
  }
  return { heldMax, apiTimes };
}

const readText = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

async function readMetric(url: string, name: string): Promise<number> {
  const line = (await readText(url)).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Values of a counter by its labels' values. */
async function refusals(url: string, name: string): Promise<Record<string, number>> {
  const rows = (await readText(url)).matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\d+)$`, 'gm'));
  return Object.fromEntries(
    [...rows].map(([, labels = '', value]) => [labels.replaceAll(/\w+=|"/g, ''), Number(value)]),
  );
}

function latencyOf(times: readonly number[]): Latency {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1));
  return { p50: at(0.5), p99: at(0.99) };
}
