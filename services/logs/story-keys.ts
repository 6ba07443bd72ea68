// The words by which a story is found, as short texts that say their kind: a store keeps their hashes, a search asks for them.
import type { Fate } from '../protocol/story.ts';
import { addressKey, type StoryState } from './story-state.ts';

/** At most this many keys of one story are stored; beyond, single recipients of huge messages are not found by address. */
export const storyKeysMax = 30_000;

export const searchKeys = {
  queueId: (id: string): string => `q:${id}`,
  messageId: (id: string): string => `m:${id}`,
  traceId: (id: string): string => `x:${id.toLowerCase()}`,
  from: (address: string): string => `f:${addressKey(address)}`,
  to: (address: string): string => `t:${addressKey(address)}`,
  saslUser: (user: string): string => `u:${addressKey(user)}`,
  node: (node: string): string => `n:${node}`,
  fate: (fate: Fate): string => `=:${fate}`,
} as const;

/** Every key of the story, once each. A domain's key is that of an address without its local part. */
export function storyKeys(story: StoryState, fate: Fate): Set<string> {
  const keys = new Set<string>([searchKeys.fate(fate)]);
  const addAddress = (key: (address: string) => string, address: string): void => {
    if (keys.size >= storyKeysMax) return;
    keys.add(key(address));
    const at = address.lastIndexOf('@');
    if (at >= 0) keys.add(key(address.slice(at)));
  };
  for (const leg of story.legs) {
    keys.add(searchKeys.node(leg.node));
    if (leg.queueId !== undefined) keys.add(searchKeys.queueId(leg.queueId));
    if (leg.messageId !== undefined) keys.add(searchKeys.messageId(leg.messageId));
    if (leg.traceId !== undefined) keys.add(searchKeys.traceId(leg.traceId));
    if (leg.from !== undefined) addAddress(searchKeys.from, leg.from);
    if (leg.saslUser !== undefined) keys.add(searchKeys.saslUser(leg.saslUser));
    for (const outcome of leg.outcomes.values()) {
      addAddress(searchKeys.to, outcome.to);
      if (outcome.origTo !== undefined) addAddress(searchKeys.to, outcome.origTo);
    }
  }
  return keys;
}
