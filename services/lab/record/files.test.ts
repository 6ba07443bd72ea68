import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type LabRun, labRunSchema } from '../../protocol/lab-run.ts';
import { type LabPaths, volumeFolder } from '../lab-paths.ts';
import { planTopology, topologySchema } from '../topology.ts';
import { markLogs, readSince } from './log-slices.ts';
import { isRecorded, writeRun } from './write-run.ts';

let folder: string;
let paths: LabPaths;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-record-'));
  paths = { name: 't', folder, disk: folder, namespaces: '', recordFile: '', bootFile: '' };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = planTopology(
  topologySchema.parse({
    ...{ domain: 'lab.test', mailboxes: 1, places: { a: { network: 1 } } },
    hosts: { dns: { role: 'dns', place: 'a', number: 2 }, mx1: { role: 'mail', place: 'a', number: 11 } },
  }),
);
function logOf(host: string, name: string): string {
  const log = volumeFolder(paths, host, 'log');
  mkdirSync(join(log, 'lab'), { recursive: true });
  return join(log, name);
}

test('what every log grew by is taken, whole lines only, and what did not grow is left out', () => {
  const mail = logOf('mx1', 'mail.log');
  writeFileSync(mail, 'before\n');
  writeFileSync(logOf('dns', 'lab/dns.log'), 'quiet\n');
  const marks = markLogs(paths, plan);
  appendFileSync(mail, 'one\ntwo\nhalf');
  writeFileSync(logOf('mx1', 'lab/agent.log'), 'new\n');
  expect(readSince(paths, plan, marks)).toEqual([
    { host: 'mx1', name: 'mail.log', text: 'one\ntwo\n' },
    { host: 'mx1', name: 'lab/agent.log', text: 'new\n' },
  ]);
});

test('a log that was rotated meanwhile is read on in its rotation', () => {
  logOf('dns', 'mail.log');
  const mail = logOf('mx1', 'mail.log');
  writeFileSync(mail, 'before\n');
  const marks = markLogs(paths, plan);
  appendFileSync(mail, 'old\n');
  renameSync(mail, `${mail}.1`);
  writeFileSync(mail, 'new\n');
  expect(readSince(paths, plan, marks)).toEqual([{ host: 'mx1', name: 'mail.log', text: 'old\nnew\n' }]);
});

const finding = { ok: true, detail: '' };
const run = (counts: boolean): LabRun => ({
  version: 1,
  truth: { id: 'x', family: 'disk', title: 'X', hosts: ['mx1'], failureModes: [], lookalikes: [] },
  counts,
  signal: { check: 'smtp', before: finding, during: finding, after: finding },
  times: { beganAt: 0, injectedAt: 1, bitAt: undefined, healedAt: 2, healthyAt: undefined, endedAt: 3 },
  hosts: [],
  traffic: { users: 1, ratePerSecond: 1, kinds: {} },
  logs: [],
  metrics: [],
  checks: 'checks.jsonl',
});
const manifest = (counts: boolean) => ({
  path: 'run.json',
  text: JSON.stringify(z.encode(labRunSchema, run(counts))),
});

test('a run is there when it counts, and another takes the place of one that does not', () => {
  const out = join(folder, 'x');
  expect(isRecorded(out)).toBe(false);
  writeRun(out, [manifest(false), { path: 'logs/mx1/mail.log', text: 'old\n' }]);
  expect(isRecorded(out)).toBe(false);
  writeRun(out, [manifest(true)]);
  expect(isRecorded(out)).toBe(true);
  expect(existsSync(join(out, 'logs'))).toBe(false);
});

test('what is no run is not replaced', () => {
  const out = join(folder, 'mine');
  mkdirSync(out);
  writeFileSync(join(out, 'letter'), 'dear');
  expect(() => writeRun(out, [manifest(true)])).toThrow('is no run of the lab');
  expect(readFileSync(join(out, 'letter'), 'utf8')).toBe('dear');
});
