import type { Command } from 'commander';
import { runInPlace } from '../run-in-place.ts';

/** `mailward import …`: flags and `--help` are those of the agent's own import, which sends as an agent does. */
export function registerImport(program: Command): void {
  program
    .command('import')
    .description('bring log files of the past to control, years of them too')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => runInPlace('agent', ['import', ...command.args]));
}
