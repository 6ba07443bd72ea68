import type { Command } from 'commander';
import { runInPlace } from '../run-in-place.ts';

/** `mailward control …`: flags and `--help` are those of the process itself. */
export function registerControl(program: Command): void {
  program
    .command('control')
    .description('run the control plane: API, console, ingest')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => runInPlace('control', command.args));
}
