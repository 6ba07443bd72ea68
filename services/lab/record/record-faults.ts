import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Fault, FaultCheck, Injectable } from '../../faults/fault.ts';
import { faults, impossibleFaults } from '../../faults/registry.ts';
import { AppError } from '../../protocol/errors.ts';
import type { LabRequestOf } from '../../protocol/lab-request.ts';
import {
  type LabCheck,
  type LabRun,
  type LabSample,
  labCheckSchema,
  labRunFile,
  labRunSchema,
  labRunVersion,
  labSampleSchema,
} from '../../protocol/lab-run.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { UserFinding } from '../client/user-check.ts';
import { runCheck } from '../fault-checks.ts';
import { ableHosts, healFault, injectableNamed, injectFault, targetsOf, whyNotHere } from '../fault-run.ts';
import type { LabPaths } from '../lab-paths.ts';
import { readRecord } from '../lab-record.ts';
import { hostsOf, type LabPlan } from '../topology.ts';
import { markLogs, readSince } from './log-slices.ts';
import { sampleMetrics } from './sample-metrics.ts';
import { startTraffic } from './steady-traffic.ts';
import { trimLog } from './trim-log.ts';
import { isRecorded, writeRun } from './write-run.ts';

const calmMs = 10_000;
/** A fault stays on this long after it was seen to bite, so that its consequences are logged too. */
const onMs = 10_000;
const bitesWithinMs = 60_000;
const healthyWithinMs = 120_000;
const lookEveryMs = 500;
const ttlSeconds = 300;

export type RecordReport = {
  readonly out: string;
  readonly recorded: number;
  /** Of these, how many had their signal moved. */
  readonly counted: number;
  /** Recorded already, and left as they were. */
  readonly present: number;
  readonly impossible: readonly { readonly id: string; readonly reason: string }[];
  readonly runs: readonly { readonly id: string; readonly counts: boolean; readonly detail: string }[];
};

type Lab = { readonly paths: LabPaths; readonly plan: LabPlan; readonly clock: Clock };

/** Records one labelled run after another below `out`; a run that counts and is there already is not made again. */
export async function recordFaults(
  paths: LabPaths,
  request: LabRequestOf<'record'>,
  { clock, say }: { readonly clock: Clock; readonly say: (words: string) => void },
): Promise<RecordReport> {
  const lab: Lab = { paths, plan: readRecord(paths).plan, clock };
  const wanted = request.faults.includes('all') ? faults : request.faults.map(injectableNamed);
  const out = resolve(request.out);
  mkdirSync(out, { recursive: true });
  const runs: RecordReport['runs'][number][] = [];
  const impossible = impossibleFaults.map(({ id, reason }) => ({ id, reason }));
  let present = 0;
  for (const fault of wanted) {
    const { id } = fault;
    const reason = whyNotHere(lab.plan, fault);
    if (reason !== undefined) impossible.push({ id, reason });
    else if (isRecorded(join(out, id))) present++;
    else {
      const { counts, detail } = await recordOne(lab, fault, request, out).then(
        ({ counts, signal }) => ({ counts, detail: signal.during.detail }),
        (error: unknown) => {
          if (!(error instanceof AppError)) throw error;
          return { counts: false, detail: error.message };
        },
      );
      say(`${counts ? 'recorded' : 'DOES NOT COUNT'} ${id}: ${detail}`);
      runs.push({ id, counts, detail });
    }
  }
  const counted = runs.filter(({ counts }) => counts).length;
  return { out, recorded: runs.length, counted, present, impossible, runs };
}

export function renderRecord({ out, recorded, counted, present, impossible }: RecordReport): string {
  return `${recorded} runs are recorded below ${out}, ${counted} of them count; ${present} were there already, ${impossible.length} cannot be made here.`;
}

async function recordOne(lab: Lab, fault: Injectable, request: LabRequestOf<'record'>, out: string): Promise<LabRun> {
  const { paths, plan, clock } = lab;
  const mailHost = ableHosts(plan, fault)[0]?.name ?? '';
  const hosts = targetsOf(plan, fault, mailHost);
  const { check, isMoved } = signalOf(fault);
  const checks: LabCheck[] = [];
  let count = 0;
  const look = async (): Promise<UserFinding> => {
    const attempt = `${fault.id}-${clock.now().toString(36)}-${++count}`;
    const finding = await runCheck(paths, plan, { check, mailHost, attempt }, { clock });
    checks.push({ time: clock.now(), check, host: mailHost, ...finding });
    return finding;
  };
  const until = async (wanted: (finding: UserFinding) => boolean, withinMs: number): Promise<UserFinding> => {
    const endsAt = clock.monotonicMs() + withinMs;
    for (;;) {
      const finding = await look();
      if (wanted(finding) || clock.monotonicMs() > endsAt) return finding;
      await wait(lookEveryMs);
    }
  };
  const isHealthy = ({ ok }: UserFinding): boolean => ok;

  const marks = markLogs(paths, plan);
  const beganAt = clock.now();
  const metrics = sampleMetrics(
    paths,
    hostsOf(plan, 'mail').map(({ name }) => name),
    { clock },
  );
  const traffic = startTraffic(paths, { users: request.users, ratePerSecond: request.ratePerSecond }, { clock });
  let run: Pick<LabRun, 'counts' | 'signal' | 'times'>;
  let kinds: LabRun['traffic']['kinds'];
  let taken: ReadonlyMap<string, readonly LabSample[]>;
  try {
    await wait(calmMs);
    const before = await until(isHealthy, healthyWithinMs);
    const injectedAt = clock.now();
    let during: UserFinding;
    let bitAt: number | undefined;
    try {
      await injectFault(paths, hosts, fault, { ttlSeconds });
      during = await until(isMoved, bitesWithinMs);
      if (isMoved(during)) bitAt = clock.now();
      await wait(onMs);
    } finally {
      await healFault(paths, hosts, fault.id);
    }
    const healedAt = clock.now();
    const after = await until(isHealthy, healthyWithinMs);
    const healthyAt = after.ok ? clock.now() : undefined;
    await wait(calmMs);
    run = {
      counts: before.ok && bitAt !== undefined && after.ok,
      signal: { check, before, during, after },
      times: { beganAt, injectedAt, bitAt, healedAt, healthyAt, endedAt: clock.now() },
    };
  } finally {
    // Both end with the run, however it went.
    taken = await metrics.stop();
    kinds = await traffic.stop();
  }
  const { users, ratePerSecond } = request;
  const { times } = run;
  const keep = (text: string) =>
    request.logKiB === undefined ? text : trimLog(text, times, request.logKiB * 1024, timeOfLine);
  const slices = readSince(paths, plan, marks).map((slice) => ({ ...slice, kept: keep(slice.text) }));
  const samples = [...taken].map(([host, list]) => ({
    host,
    path: `metrics/${host}.jsonl`,
    lines: list.map((sample) => z.encode(labSampleSchema, sample)),
  }));
  const manifest: LabRun = {
    version: labRunVersion,
    truth: truthOf(fault, hosts),
    ...run,
    hosts: plan.hosts.map(({ name, role, domains, ipv4 }) => ({ name, role, domains: [...domains], ipv4 })),
    traffic: { users, ratePerSecond, kinds },
    logs: slices.map(({ host, name, text, kept }) => ({
      host,
      path: logPath(host, name),
      bytes: Buffer.byteLength(text),
      kept: Buffer.byteLength(kept),
    })),
    metrics: samples.map(({ host, path, lines }) => ({ host, path, samples: lines.length })),
    checks: 'checks.jsonl',
  };
  writeRun(join(out, fault.id), [
    ...slices.map(({ host, name, kept }) => ({ path: logPath(host, name), text: kept })),
    ...samples.map(({ path, lines }) => ({ path, text: jsonLines(lines) })),
    { path: manifest.checks, text: jsonLines(checks.map((entry) => z.encode(labCheckSchema, entry))) },
    { path: labRunFile, text: `${JSON.stringify(z.encode(labRunSchema, manifest), undefined, 2)}\n` },
  ]);
  return manifest;
}

/** The check whose answer tells that it is on; a benign event is on when its checks go on holding. */
function signalOf(fault: Injectable): { check: FaultCheck; isMoved: (finding: UserFinding) => boolean } {
  if (!isFault(fault)) return { check: fault.steady[0] ?? 'mailbox', isMoved: ({ ok }) => ok };
  const { check, shows } = fault.bites;
  return { check, isMoved: ({ ok, detail }) => !ok && (shows?.test(detail) ?? true) };
}

function truthOf(fault: Injectable, hosts: readonly string[]): LabRun['truth'] {
  const { id, title } = fault;
  const base = { id, title, hosts: [...hosts] };
  if (!isFault(fault)) return { ...base, family: 'benign', failureModes: [], lookalikes: [] };
  const { family, failureModes, lookalikes } = fault;
  return { ...base, family, failureModes: [...failureModes], lookalikes: [...lookalikes] };
}

const isFault = (fault: Injectable): fault is Fault => 'bites' in fault;

const logPath = (host: string, name: string): string => `logs/${host}/${name.replace('lab/', '')}`;
const jsonLines = (lines: readonly unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** The hosts' syslog stamps lines by RFC 3339; what has another form belongs to the line before. */
function timeOfLine(line: string): number | undefined {
  const time = Date.parse(/^\d{4}-\d\d-\d\dT\S+/.exec(line)?.[0] ?? '');
  return Number.isNaN(time) ? undefined : time;
}
