import type { Command } from 'commander';
import { runInPlace } from '../run-in-place.ts';

/** `mailward agent …`: flags and `--help` are those of the process itself. */
export function registerAgent(program: Command): void {
  program
    .command('agent')
    .description('run the agent of a mail node: follow its logs and send them to control')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => runInPlace('agent', command.args));
}
