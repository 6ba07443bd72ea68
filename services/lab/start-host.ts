import { spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { startFiles } from './boot-script.ts';
import { type HostBuild, type HostVolume, ownerIds, vmailId, writeHostFile } from './host-files.ts';
import { hostFolder, type LabPaths, labMark, upperFolder, volumeFolder } from './lab-paths.ts';
import { insideNamespace } from './namespaces.ts';
import { mailboxesOf, storeVolume, uidListText } from './roles/mailboxes.ts';
import { runCommand } from './run-command.ts';
import type { LabHost, LabPlan } from './topology.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

type Named = Pick<LabHost, 'name' | 'domains'>;

/** Puts a host's disk together: overlay folders, volumes, files, scripts, empty mailboxes. Nothing runs yet. */
export async function prepareHost(paths: LabPaths, plan: LabPlan, host: Named, build: HostBuild): Promise<void> {
  const upper = upperFolder(paths, host.name);
  for (const folder of ['upper', 'work', 'root'])
    mkdirSync(join(hostFolder(paths, host.name), folder), { recursive: true });
  for (const volume of build.volumes) await makeVolume(paths, host.name, volume);
  mkdirSync(join(volumeFolder(paths, host.name, 'log'), 'lab'), { recursive: true });
  for (const file of build.files) writeHostFile(upper, file);
  for (const base of ['passwd', 'group'] as const) writeHostFile(upper, withMailUser(base));
  for (const file of startFiles(build, paths.name)) writeHostFile(upper, file);
  const lines = build.volumes.map(({ name, path }) => `${name} ${path}\n`).join('');
  writeFileSync(join(hostFolder(paths, host.name), 'volumes.txt'), lines);
  if (build.volumes.includes(storeVolume)) makeMailboxes(paths, plan, host);
}

/** Boots a prepared host, also again after a crash. It lives on without this process. */
export function startHost(paths: LabPaths, host: string): void {
  const folder = hostFolder(paths, host);
  const consoleLog = openSync(join(folder, 'console.log'), 'a');
  const own = ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=SIGKILL'];
  const boot = ['sh', paths.bootFile, host, folder, projectFolder, dirname(process.execPath)];
  const [program = '', ...args] = insideNamespace(paths, host, ['unshare', ...own, ...boot]);
  // A clean environment: what a person has set in a shell must not reach the daemons.
  const env = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', [labMark]: paths.name };
  spawn(program, args, { detached: true, stdio: ['ignore', consoleLog, consoleLog], env, cwd: '/' }).unref();
  closeSync(consoleLog);
}

async function makeVolume(paths: LabPaths, host: string, volume: HostVolume): Promise<void> {
  const folder = volumeFolder(paths, host, volume.name);
  mkdirSync(folder, { recursive: true });
  const options = `size=${volume.sizeMiB}m,mode=${volume.mode}`;
  await runCommand(['mount', '-t', 'tmpfs', '-o', options, `mailward-lab-${paths.name}`, folder]);
  if (volume.owner !== undefined) chownSync(folder, ...ownerIds(volume.owner));
}

function makeMailboxes(paths: LabPaths, plan: LabPlan, host: Named): void {
  const store = volumeFolder(paths, host.name, storeVolume.name);
  const own = (path: string) => chownSync(path, vmailId, vmailId);
  const made = new Set<string>();
  for (const { address, folder } of mailboxesOf(plan, host.domains)) {
    for (const part of [dirname(dirname(folder)), dirname(folder), folder]) {
      if (made.has(part)) continue;
      made.add(part);
      mkdirSync(join(store, part), { recursive: true });
      own(join(store, part));
    }
    for (const sub of ['cur', 'new', 'tmp']) {
      mkdirSync(join(store, folder, sub));
      own(join(store, folder, sub));
    }
    writeFileSync(join(store, folder, 'dovecot-uidlist'), uidListText(address));
    own(join(store, folder, 'dovecot-uidlist'));
  }
}

function withMailUser(base: 'passwd' | 'group'): { path: string; text: string } {
  const path = `/etc/${base}`;
  const line = base === 'passwd' ? `vmail:x:${vmailId}:${vmailId}::/srv/mail:/usr/sbin/nologin` : `vmail:x:${vmailId}:`;
  return { path, text: `${readFileSync(path, 'utf8').trimEnd()}\n${line}\n` };
}
