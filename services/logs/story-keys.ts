// The words by which a story is found, as short texts that say their kind: a store keeps their hashes, a search asks for them.
import type { Fate } from '../protocol/story.ts';
import { domainKey, domainOfAddress, parentDomains } from './mail-domain.ts';
import { addressKey, type StoryState } from './story-state.ts';

/** At most this many keys of one story are stored; beyond, single recipients of huge messages are not found by address. */
export const storyKeysMax = 30_000;
/** So many more are kept for the domains of such messages. */
export const domainKeysMax = 5_000;

export const searchKeys = {
  queueId: (id: string): string => `q:${id}`,
  messageId: (id: string): string => `m:${id}`,
  traceId: (id: string): string => `x:${id.toLowerCase()}`,
  /** An address, `@example.org` for a domain, `.example.org` for what lies below one. */
  from: (address: string): string => `f:${comparedAddress(address)}`,
  to: (address: string): string => `t:${comparedAddress(address)}`,
  saslUser: (user: string): string => `u:${addressKey(user)}`,
  node: (node: string): string => `n:${node}`,
  fate: (fate: Fate): string => `=:${fate}`,
} as const;

function comparedAddress(text: string): string {
  if (text.startsWith('.')) return `.${domainKey(text.slice(1))}`;
  const at = text.lastIndexOf('@');
  return at < 0 ? addressKey(text) : `${addressKey(text.slice(0, at))}@${domainKey(text.slice(at + 1))}`;
}

/**
 * Every key of the story, once each. A domain's key is that of an address without its local part; a domain of three labels
 * and more is found below its parents too.
 */
export function storyKeys(story: StoryState, fate: Fate): Set<string> {
  const keys = new Set<string>([searchKeys.fate(fate)]);
  const addAddress = (key: (address: string) => string, address: string): void => {
    if (keys.size < storyKeysMax) keys.add(key(address));
    const domain = domainOfAddress(address);
    if (domain === undefined || keys.size >= storyKeysMax + domainKeysMax) return;
    const domainKeyed = key(`@${domain}`);
    if (keys.has(domainKeyed)) return;
    keys.add(domainKeyed);
    for (const parent of parentDomains(domain)) keys.add(key(`.${parent}`));
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
