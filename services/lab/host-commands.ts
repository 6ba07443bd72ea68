import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../protocol/errors.ts';
import type { LabRequestOf } from '../protocol/lab-request.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import { type LabPaths, volumeFolder } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { hostNamed } from './topology.ts';

/** Runs a program in a host with this process's own terminal, and returns its exit status. */
export function runInHost(paths: LabPaths, host: string, argv: readonly string[]): Promise<number> {
  hostNamed(readRecord(paths).plan, host);
  const [program = '', ...args] = insideHost(initOf(paths, host), argv);
  return waitFor(program, args, hostEnvironment(paths));
}

/** The mail log of a host, or what its services said; of all hosts when none is named. */
export function showLogs(paths: LabPaths, request: LabRequestOf<'logs'>): Promise<number> {
  const { plan } = readRecord(paths);
  const hosts = request.host === undefined ? plan.hosts : [hostNamed(plan, request.host)];
  const files = hosts.flatMap(({ name }) => logFiles(volumeFolder(paths, name, 'log')));
  if (files.length === 0) throw new AppError('not-found', 'There is no log yet');
  const args = ['-n', String(request.lines), ...(request.follow ? ['-F'] : []), ...files];
  return waitFor('tail', args, process.env);
}

function logFiles(folder: string): readonly string[] {
  const own = existsSync(join(folder, 'lab'))
    ? readdirSync(join(folder, 'lab'))
        .filter((name) => /\.(log|jsonl)$/.test(name))
        .map((name) => join('lab', name))
    : [];
  return ['mail.log', ...own]
    .map((name) => join(folder, name))
    .filter((file) => existsSync(file) && statSync(file).size > 0);
}

function waitFor(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env });
    // Ctrl-C is for the program in the host; this process stays to report how that ended.
    const ignore = (): void => {};
    process.on('SIGINT', ignore);
    child.on('error', reject);
    child.on('close', (status) => {
      process.off('SIGINT', ignore);
      resolve(status ?? 128);
    });
  });
}
