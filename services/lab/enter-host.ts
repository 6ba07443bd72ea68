import { AppError } from '../protocol/errors.ts';
import type { LabPaths } from './lab-paths.ts';
import { labMark } from './lab-paths.ts';
import { findStanding, initsOf } from './what-stands.ts';

/**
 * The argument vector that runs `argv` inside a host, in all of its namespaces (nsenter(1)); with `ownNetwork` it keeps the
 * network of the caller.
 */
export function insideHost(
  initPid: number,
  argv: readonly string[],
  options: { readonly ownNetwork?: true } = {},
): readonly string[] {
  const network = options.ownNetwork ? [] : ['-n'];
  return ['nsenter', '-t', String(initPid), '-m', '-u', '-i', ...network, '-p', '--root', '--wdns=/', ...argv];
}

/** The environment of what is run in a host, whoever runs it. */
export function hostEnvironment(paths: LabPaths): NodeJS.ProcessEnv {
  const folders = ['/opt/node', '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return {
    PATH: folders.join(':'),
    HOME: '/root',
    TERM: process.env.TERM ?? 'dumb',
    LANG: 'C.UTF-8',
    [labMark]: paths.name,
  };
}

/** Throws `not-ready` when the host is not running. */
export function initOf(paths: LabPaths, host: string): number {
  const pid = initsOf(findStanding(paths)).get(host);
  if (pid !== undefined) return pid;
  throw new AppError('not-ready', `${host} of the lab ${paths.name} is not running`, {
    hint: 'Start it with mailward lab up',
  });
}
