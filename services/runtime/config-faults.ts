// What is wrong in a configuration file, where, and what would be right.
import type { Document, LineCounter } from 'yaml';
import { isMap, isNode, isScalar } from 'yaml';
import { z } from 'zod';

/** `line` counts from 1; it is `undefined` only for a file without any content. */
export type ConfigFault = { readonly path: string; readonly line: number | undefined; readonly message: string };

/** Every fault that the schema finds, in the order of the file. */
export function listFaults(
  error: z.ZodError,
  schema: z.ZodType,
  yaml: { readonly document: Document; readonly lineCounter: LineCounter },
): ConfigFault[] {
  const { document, lineCounter } = yaml;
  const lineAt = (offset: number | undefined): number | undefined =>
    offset === undefined ? undefined : lineCounter.linePos(offset).line;

  /** The key where there is one, else the nearest parent's: what is missing has no line of its own. */
  function lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = document.getIn(path.slice(0, depth - 1), true);
      const name = path[depth - 1];
      const pair = isMap(parent)
        ? parent.items.find(({ key }) => isScalar(key) && key.value === name && isNode(key))
        : undefined;
      const node = (pair?.key ?? document.getIn(path.slice(0, depth), true)) as { range?: [number, number, number] };
      const line = lineAt(node?.range?.[0]);
      if (line !== undefined) return line;
    }
    return lineAt(document.contents?.range?.[0]);
  }

  const faults = error.issues.flatMap((issue): ConfigFault[] => {
    if (issue.code !== 'unrecognized_keys')
      return [{ path: pathWords(issue.path), line: lineOf(issue.path), message: issue.message }];
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { path: pathWords(path), line: lineOf(path), message: unknownWords(key, known) };
    });
  });
  return faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

const pathWords = (path: readonly PropertyKey[]): string => path.map(String).join('.');

function unknownWords(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== undefined) return `There is no such key; did you mean ${near}?`;
  return known.length === 0 ? 'There is no such key' : `There is no such key; there are ${known.join(', ')}`;
}

type JsonSchema = { properties?: Record<string, JsonSchema>; items?: JsonSchema; anyOf?: JsonSchema[] };

/** The keys that the object at `path` may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: JsonSchema[] = [describeSchema(schema) as JsonSchema];
  for (const name of path)
    at = at
      .flatMap((one) => [one, ...(one.anyOf ?? [])])
      .flatMap((one) => (typeof name === 'number' ? one.items : one.properties?.[String(name)]) ?? []);
  return at.flatMap((one) => [one, ...(one.anyOf ?? [])]).flatMap((one) => Object.keys(one.properties ?? {}));
}

/** JSON Schema (2020-12) of what may be written into the file, for editors. */
export const describeSchema = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;

/** The one of `names` that `word` was most likely meant to be; `undefined` when none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const far = Math.max(1, Math.floor(word.length / 3)) + 1;
  let best: string | undefined;
  let bestSteps = far;
  for (const name of names) {
    const steps = editSteps(word.toLowerCase(), name.toLowerCase());
    if (steps < bestSteps) [best, bestSteps] = [name, steps];
  }
  return best;
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment). */
function editSteps(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const here = [row];
    for (let at = 1; at <= b.length; at++) {
      const isSame = a[row - 1] === b[at - 1];
      let steps = Math.min((above[at] ?? 0) + 1, (here[at - 1] ?? 0) + 1, (above[at - 1] ?? 0) + (isSame ? 0 : 1));
      const isSwap = row > 1 && at > 1 && a[row - 1] === b[at - 2] && a[row - 2] === b[at - 1];
      if (isSwap) steps = Math.min(steps, (before[at - 2] ?? 0) + 1);
      here.push(steps);
    }
    [before, above] = [above, here];
  }
  return above[b.length] ?? 0;
}
