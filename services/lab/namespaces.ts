import { mkdirSync, writeFileSync } from 'node:fs';
import { type LabPaths, namespaceFile } from './lab-paths.ts';
import { runCommand } from './run-command.ts';

/**
 * Makes a network namespace that lives as long as its file is mounted (unshare(1), `--net=FILE`). Our own folder rather
 * than `ip netns`, whose /run/netns mount would stay behind and whose names belong to the whole machine.
 */
export async function makeNamespace(paths: LabPaths, name: string): Promise<void> {
  mkdirSync(paths.namespaces, { recursive: true });
  writeFileSync(namespaceFile(paths, name), '', { flag: 'wx' });
  await runCommand(['unshare', `--net=${namespaceFile(paths, name)}`, 'true']);
}

export function insideNamespace(paths: LabPaths, name: string, argv: readonly string[]): readonly string[] {
  return ['nsenter', `--net=${namespaceFile(paths, name)}`, ...argv];
}

/** Runs `ip -batch` lines in a namespace, all or up to the first that fails. */
export async function runIpBatch(paths: LabPaths, name: string, lines: readonly string[]): Promise<void> {
  await runCommand(insideNamespace(paths, name, ['ip', '-batch', '-']), { input: `${lines.join('\n')}\n` });
}
