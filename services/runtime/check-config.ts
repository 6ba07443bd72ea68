// `mailward config check`: what a process would say of its configuration file, without starting it.
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { type ConfigFault, describeSchema } from './config-faults.ts';
import { type ConfigFindings, checkConfigFile } from './config-file.ts';
import { describeError, exitStatus } from './run-process.ts';

/** A file that another names, and that is checked with it. */
export type ConfigBeside = {
  readonly process: string;
  readonly schema: z.ZodType;
  readonly file: string;
  readonly find?: Parameters<typeof checkConfigFile>[2];
};
type Found = {
  readonly file: string;
  readonly process: string;
  readonly faults: readonly ConfigFault[];
  readonly notes: readonly string[];
};

/**
 * Checks the file that `args` name by the process's own schema, or prints the schema, and sets the exit status. `find` looks at a
 * configuration whose form is right; `beside` names the files that it leads to.
 */
export async function runConfigCheck<Schema extends z.ZodType>(
  processName: string,
  schema: Schema,
  args: readonly string[],
  more: {
    readonly find?: (config: z.output<Schema>) => Promise<ConfigFindings>;
    readonly beside?: (config: z.output<Schema>) => readonly ConfigBeside[];
  } = {},
): Promise<void> {
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
    const { config, ...found } = await checkConfigFile(schema, file, more.find);
    const beside = config === undefined ? [] : await checkBeside(more.beside?.(config) ?? []);
    const all: readonly Found[] = [{ file, process: processName, ...found }, ...beside];
    const isSound = all.every(({ faults }) => faults.length === 0);
    if (!isSound) process.exitCode = exitStatus.no;
    if (values.json) {
      const { faults, notes } = found;
      const extra = { ...(notes.length === 0 ? {} : { notes }), ...(beside.length === 0 ? {} : { beside }) };
      process.stdout.write(`${JSON.stringify({ file, process: processName, isSound, faults, ...extra })}\n`);
      return;
    }
    for (const each of all) process.stdout.write(describeFound(each));
  } catch (error) {
    process.stderr.write(`mailward config check: ${describeError(error)}\n`);
    process.exitCode = error instanceof AppError && error.code === 'missing' ? exitStatus.no : exitStatus.usage;
  } finally {
    process.channel?.unref();
  }
}

/** A file that is not there is a fault of whoever names it. */
async function checkBeside(files: readonly ConfigBeside[]): Promise<Found[]> {
  return Promise.all(
    files.map(async ({ file, process: name, schema, find }) => {
      try {
        const { faults, notes } = await checkConfigFile(schema, file, find);
        return { file, process: name, faults, notes };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { file, process: name, faults: [{ path: '', line: 1, message: error.message }], notes: [] };
      }
    }),
  );
}

function describeFound({ file, process: name, faults, notes }: Found): string {
  const lines = faults.map(
    ({ path, line, message }) => `${file}:${line ?? 1}: ${path === '' ? '' : `${path}: `}${sentence(message)}`,
  );
  if (faults.length === 0) lines.push(`${file} is a sound configuration of mailward ${name}.`);
  return `${[...lines, ...notes].join('\n')}\n`;
}

const sentence = (message: string): string => (/[.?]$/.test(message) ? message : `${message}.`);
