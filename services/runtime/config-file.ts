import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { AppError } from '../protocol/errors.ts';

const configBytesMax = 1024 * 1024;

export type ConfigFault = { readonly path: string; readonly line: number | undefined; readonly message: string };

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
        message: error.message,
      })),
    };
  }
  const result = schema.safeParse(document.toJS() ?? {});
  if (result.success) return { ok: true, config: result.data };
  return {
    ok: false,
    faults: result.error.issues.map((issue) => {
      // The node itself where it exists, else the nearest parent: a missing key has no line of its own.
      let offset: number | undefined;
      for (let depth = issue.path.length; depth >= 0 && offset === undefined; depth--) {
        const node = document.getIn(issue.path.slice(0, depth), true) as
          | { range?: [number, number, number] }
          | undefined;
        offset = node?.range?.[0];
      }
      return {
        path: issue.path.map(String).join('.'),
        line: offset === undefined ? undefined : lineCounter.linePos(offset).line,
        message: issue.message,
      };
    }),
  };
}

/** Reads and parses a configuration file; throws `bad-config` that lists every fault, or `missing` when there is no file. */
export async function readConfigFile<Schema extends z.ZodType>(
  schema: Schema,
  file: string,
): Promise<z.output<Schema>> {
  let yamlText: string;
  try {
    yamlText = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('missing', `The configuration file ${file} cannot be read`, {
      hint: 'Give --config another file, or leave it out to run on defaults',
      cause,
    });
  }
  if (yamlText.length > configBytesMax)
    throw new AppError('bad-config', `${file} is larger than ${configBytesMax} bytes`);
  const result = parseConfig(schema, yamlText);
  if (result.ok) return result.config;
  const faults = result.faults.map(
    ({ path, line, message }) => `${file}:${line ?? '?'} ${path || '(top)'}: ${message}`,
  );
  throw new AppError('bad-config', faults.join('\n'));
}
