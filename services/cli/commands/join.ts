import type { Command } from 'commander';
import { runInPlace } from '../run-in-place.ts';

/** `mailward join …`: flags and `--help` are those of the agent's own program, which makes the key. */
export function registerJoin(program: Command): void {
  program
    .command('join')
    .description('let this node join a control, with a one-time token')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => runInPlace('agent', ['join', ...command.args], 'inherit'));
}
