#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { AppError, type ErrorCode } from '../protocol/errors.ts';
import { describeError, exitStatus } from '../runtime/run-process.ts';
import { commands } from './commands.ts';
import { terminalSafe } from './terminal.ts';

const program = new Command('mailward')
  .description('Observability and high availability for mail clusters.')
  .addHelpText('before', 'Examples:\n  mailward start\n  mailward trace 4XyZ1a0Bcd\n')
  .showHelpAfterError('(try --help)')
  .exitOverride();
for (const register of commands) register(program);

// A reader that closes the pipe early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitStatus.done);
  throw error;
});

const statusOf: Partial<Record<ErrorCode, number>> = {
  'bad-query': exitStatus.usage,
  'bad-config': exitStatus.usage,
  // The answer is no.
  'node-alive': exitStatus.no,
  'not-found': exitStatus.no,
};

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
  } else if (error instanceof AppError) {
    // What control or a file name says is not ours: nothing of it may command the terminal.
    const lines = describeError(error).split('\n').map(terminalSafe);
    process.stderr.write(`mailward: ${lines.join('\n')}\n`);
    process.exitCode = statusOf[error.code] ?? exitStatus.unreachable;
  } else {
    throw error;
  }
}
