import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { type ConfigFault, listFaults } from './config-faults.ts';

const configBytesMax = 1024 * 1024;
/** Aliases of YAML may name one another; a file that unfolds to more than so many is no configuration. */
const aliasesMax = 100;

/** Parses YAML text by a schema; every fault carries its path and line. */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  yamlText: string,
): { readonly ok: true; readonly config: z.output<Schema> } | { readonly ok: false; readonly faults: ConfigFault[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(yamlText, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      ok: false,
      faults: document.errors.map((error) => ({
        path: '',
        line: lineCounter.linePos(error.pos[0]).line,
        message: error.message.replace(/\.$/, ''),
      })),
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: aliasesMax }) ?? {};
  } catch (error) {
    return {
      ok: false,
      faults: [{ path: '', line: 1, message: error instanceof Error ? error.message : String(error) }],
    };
  }
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, config: result.data };
  return { ok: false, faults: listFaults(result.error, schema, { document, lineCounter }) };
}

async function readText(file: string): Promise<string> {
  let yamlText: string;
  try {
    yamlText = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('missing', `The configuration file ${file} cannot be read`, {
      hint: 'Give another file, or leave it out to run on defaults',
      cause,
    });
  }
  if (yamlText.length > configBytesMax)
    throw new AppError('bad-config', `${file} is larger than ${configBytesMax} bytes`);
  return yamlText;
}

/** Reads and parses a configuration file; throws `bad-config` that lists every fault, or `missing` when there is no file. */
export async function readConfigFile<Schema extends z.ZodType>(
  schema: Schema,
  file: string,
): Promise<z.output<Schema>> {
  const result = parseConfig(schema, await readText(file));
  if (result.ok) return result.config;
  const faults = result.faults.map(
    ({ path, line, message }) => `${file}:${line ?? '?'} ${path || '(top)'}: ${message}`,
  );
  throw new AppError('bad-config', faults.join('\n'));
}

/** What is wrong although the form is right: a key that cannot be read, a network that cannot hold what is asked of it. */
export type ConfigIssue = { readonly path: (string | number)[]; readonly message: string };
/** `notes`: what the reader should know beside the faults. */
export type ConfigFindings = { readonly issues: readonly ConfigIssue[]; readonly notes: readonly string[] };

/**
 * Every fault of a configuration file, none when it is sound. `find` looks at one whose form is right.
 * @throws AppError `missing`, `bad-config` for one too large.
 */
export async function checkConfigFile<Schema extends z.ZodType>(
  schema: Schema,
  file: string,
  find: (config: z.output<Schema>) => Promise<ConfigFindings> = async () => ({ issues: [], notes: [] }),
): Promise<{
  readonly faults: readonly ConfigFault[];
  readonly notes: readonly string[];
  readonly config?: z.output<Schema>;
}> {
  const yamlText = await readText(file);
  const result = parseConfig(schema, yamlText);
  if (!result.ok) return { faults: result.faults, notes: [] };
  const { issues, notes } = await find(result.config);
  const lineCounter = new LineCounter();
  const document = parseDocument(yamlText, { lineCounter });
  const error = new z.ZodError(issues.map((issue) => ({ code: 'custom', input: undefined, ...issue })));
  return { faults: listFaults(error, schema, { document, lineCounter }), notes, config: result.config };
}
