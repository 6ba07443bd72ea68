import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDemoFolder, leftoversMax, removeDeadDemoFolders } from './demo-folder.ts';

let parent = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'mailward-leftovers-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const deadPid = spawnSync('true').pid;

function put(name: string, owner: unknown): string {
  const folder = join(parent, name);
  mkdirSync(join(folder, 'control'), { recursive: true });
  writeFileSync(join(folder, 'control', 'events.sqlite'), 'x');
  if (owner !== undefined) writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner));
  return folder;
}

test('what a killed demo left is removed, and nothing else', () => {
  const dead = put('mailward-demo-dead', { pid: deadPid, startTicks: '1', bootId });
  const reused = put('mailward-demo-reused', { pid: process.pid, startTicks: '1', bootId });
  const rebooted = put('mailward-demo-rebooted', { pid: process.pid, startTicks: '1', bootId: 'another' });
  const kept = [
    createDemoFolder(parent),
    put('mailward-demo-nobodys', undefined),
    put('mailward-demo-unclear', { pid: 'x' }),
    put('mailward-other', { pid: deadPid, startTicks: '1', bootId }),
  ];
  const elsewhere = put('elsewhere', { pid: deadPid, startTicks: '1', bootId });
  symlinkSync(elsewhere, join(parent, 'mailward-demo-linked'));
  expect(removeDeadDemoFolders(parent).sort()).toEqual([dead, rebooted, reused].sort());
  for (const folder of [...kept, elsewhere]) expect(existsSync(folder), folder).toBe(true);
  expect(removeDeadDemoFolders(parent)).toEqual([]);
});

test('one start removes no more than its bound', () => {
  for (let at = 0; at < leftoversMax + 2; at += 1)
    put(`mailward-demo-${at}`, { pid: deadPid, startTicks: '1', bootId });
  expect(removeDeadDemoFolders(parent)).toHaveLength(leftoversMax);
  expect(removeDeadDemoFolders(parent)).toHaveLength(2);
});
