// When the keys of a group may change while it runs: none may go that another voter still needs. lease.md, Groups.
import type { LeaseKey } from './envelope.ts';

export type KeyedVoter = { readonly node: string; readonly number: number; readonly keyIds: readonly number[] };

/**
 * Why `next` may not take the place of `keys`, as a sentence; undefined: it may. `voters`: the others of the present set, with
 * the ids that each was last heard to accept; none of a voter that was never heard.
 */
export function refusalOfKeys(
  keys: readonly LeaseKey[],
  next: readonly LeaseKey[],
  voters: readonly KeyedVoter[],
): string | undefined {
  for (const key of next) {
    const same = keys.find((candidate) => candidate.id === key.id);
    if (same !== undefined && !same.secret.equals(key.secret))
      return `Refused: key ${key.id} has another secret than before; a new key has a new id.`;
  }
  const gone = keys.filter((key) => !next.some((candidate) => candidate.id === key.id));
  if (gone.length === 0) return undefined;
  const behind = voters.filter((voter) => !next.some((key) => voter.keyIds.includes(key.id)));
  if (behind.length === 0) return undefined;
  const nodes = behind.map((voter) => voter.node).join(' and ');
  const isOne = behind.length === 1;
  return `Refused: ${nodes} ${isOne ? 'has' : 'have'} not said to accept key ${next.map((key) => key.id).join(' or ')}, and would not be heard without key ${gone.map((key) => key.id).join(' and ')}: give ${isOne ? 'it' : 'them'} the new key first.`;
}
