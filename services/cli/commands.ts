import type { Command } from 'commander';
import { registerStart } from './commands/start.ts';

/** Every subcommand, one file each; the order is the order of `--help`. */
export const commands: ReadonlyArray<(program: Command) => void> = [registerStart];
