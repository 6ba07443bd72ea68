// `mailward config check`: what a process would say of its configuration file, without starting it.
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { describeSchema } from './config-faults.ts';
import { checkConfigFile } from './config-file.ts';
import { describeError, exitStatus } from './run-process.ts';

/** Checks the file that `args` name by the process's own schema, or prints the schema, and sets the exit status. */
export async function runConfigCheck(processName: string, schema: z.ZodType, args: readonly string[]): Promise<void> {
  try {
    const flag = { type: 'boolean' } as const;
    const { values, positionals } = parseArgs({
      ...{ args: [...args], options: { json: flag, schema: flag }, allowPositionals: true },
    });
    if (values.schema) {
      process.stdout.write(
        `${JSON.stringify({ title: `mailward ${processName}`, ...describeSchema(schema) }, null, 2)}\n`,
      );
      return;
    }
    const file = positionals[0] ?? `/etc/mailward/${processName}.yaml`;
    const faults = await checkConfigFile(schema, file);
    if (faults.length > 0) process.exitCode = exitStatus.no;
    if (values.json) {
      process.stdout.write(`${JSON.stringify({ file, process: processName, isSound: faults.length === 0, faults })}\n`);
      return;
    }
    for (const { path, line, message } of faults)
      process.stdout.write(`${file}:${line ?? 1}: ${path === '' ? '' : `${path}: `}${sentence(message)}\n`);
    if (faults.length === 0) process.stdout.write(`${file} is a sound configuration of mailward ${processName}.\n`);
  } catch (error) {
    process.stderr.write(`mailward config check: ${describeError(error)}\n`);
    process.exitCode = error instanceof AppError && error.code === 'missing' ? exitStatus.no : exitStatus.usage;
  } finally {
    process.channel?.unref();
  }
}

const sentence = (message: string): string => (/[.?]$/.test(message) ? message : `${message}.`);
