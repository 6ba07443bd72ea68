// The store carries one tail; many pages may ask for theirs. One filter that covers them all, and each page's own match.
import type { TailFilter, TailLine } from '../protocol/live.ts';

/** The narrowest filter that lets through whatever one of `filters` does; `undefined` when there are none. */
export function coverTailFilters(filters: readonly TailFilter[]): TailFilter | undefined {
  const [first, ...others] = filters;
  if (first === undefined) return undefined;
  const sameText = others.every((filter) => filter.text === first.text);
  const sameNode = others.every((filter) => filter.node === first.node);
  const kinds = filters.every((filter) => filter.kinds !== undefined)
    ? [...new Set(filters.flatMap((filter) => filter.kinds ?? []))]
    : undefined;
  return {
    ...(sameText && first.text !== undefined ? { text: first.text } : {}),
    ...(sameNode && first.node !== undefined ? { node: first.node } : {}),
    ...(kinds === undefined ? {} : { kinds }),
  };
}

/** Text is found anywhere in the line, without regard to case. */
export function matchesTail(filter: TailFilter, line: TailLine): boolean {
  if (filter.node !== undefined && line.node !== filter.node) return false;
  if (filter.kinds !== undefined && !filter.kinds.includes(line.kind)) return false;
  return filter.text === undefined || line.text.toLowerCase().includes(filter.text.toLowerCase());
}
