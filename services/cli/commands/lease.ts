import type { Command } from 'commander';
import { runInPlace } from '../run-in-place.ts';

/** `mailward lease …`: flags and `--help` are those of the process itself. */
export function registerLease(program: Command): void {
  program
    .command('lease')
    .description('run the voter of a node, and the guard of the addresses that it may own')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => runInPlace('lease', command.args));
}
