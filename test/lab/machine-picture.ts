import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

// What a machine looks like from outside of the lab's own bookkeeping, for comparing before and after.

export type MachinePicture = {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly rules: string;
  /** Namespaces other than a browser's, which other tests may be running at the same time. */
  readonly namespaces: readonly string[];
  /** Processes whose command line or environment names the lab. */
  readonly processes: readonly string[];
  readonly files: readonly string[];
};

export function pictureMachine(lab: string): MachinePicture {
  const lines = (program: string, ...args: string[]): string[] =>
    execFileSync(program, args, { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '');
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').toSorted(),
    links: lines('ip', '-o', 'link')
      .map((line) => line.split(':')[1]?.trim() ?? '')
      .toSorted(),
    rules: lines('nft', 'list', 'ruleset').join('\n'),
    namespaces: lines('lsns', '--noheadings', '--raw', '-o', 'NS,TYPE,COMMAND')
      .filter((line) => !/chrom|headless|playwright/i.test(line))
      .map((line) => line.split(' ').slice(0, 2).join(' '))
      .toSorted(),
    processes: processesNaming(lab),
    files: existsSync('/run/mailward-lab') ? readdirSync('/run/mailward-lab') : [],
  };
}

function processesNaming(lab: string): readonly string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        const named =
          commandLine.includes(`/run/mailward-lab/${lab}/`) || environment.includes(`MAILWARD_LAB=${lab}\0`);
        return named ? [`${pid} ${commandLine}`] : [];
      } catch {
        return [];
      }
    });
}
