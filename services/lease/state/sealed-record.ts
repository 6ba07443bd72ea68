// A record with the name of its owner and a checksum, so that a torn file is never taken for a whole one.
import { createHash } from 'node:crypto';
import { z } from 'zod';

export const recordBytesMax = 64 * 1024;

/** Whose record it is: state of another voter or another incarnation is never taken for one's own. */
export type Owner = { readonly incarnation: string; readonly voter: number };

const sealedSchema = z.object({
  incarnation: z.string(),
  voter: z.number(),
  record: z.string(),
  sha256: z.string(),
});

const hash = (owner: Owner, record: string): string =>
  createHash('sha256').update(`${owner.incarnation} ${owner.voter} ${record}`).digest('hex');

export function sealRecord(owner: Owner, value: unknown): string {
  const record = JSON.stringify(value);
  return `${JSON.stringify({ ...owner, record, sha256: hash(owner, record) })}\n`;
}

export type Opened<Value> =
  | { readonly kind: 'whole'; readonly value: Value }
  | { readonly kind: 'torn' }
  | { readonly kind: 'foreign'; readonly owner: Owner };

/** `torn`: not what was written. `foreign`: whole, and somebody else's. */
export function openRecord<Schema extends z.ZodType>(
  schema: Schema,
  owner: Owner,
  text: string,
): Opened<z.output<Schema>> {
  const sealed = text.length > recordBytesMax ? undefined : sealedSchema.safeParse(parseJson(text)).data;
  if (sealed === undefined) return { kind: 'torn' };
  const named = { incarnation: sealed.incarnation, voter: sealed.voter };
  if (sealed.sha256 !== hash(named, sealed.record)) return { kind: 'torn' };
  if (named.incarnation !== owner.incarnation || named.voter !== owner.voter) return { kind: 'foreign', owner: named };
  const result = schema.safeParse(parseJson(sealed.record));
  return result.success ? { kind: 'whole', value: result.data } : { kind: 'torn' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
