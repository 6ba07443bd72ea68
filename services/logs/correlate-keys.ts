// The keys under which a later line may look for a story: by queue id on its node, by the queue id that a reply names, by
// what came back through pickup, by LMTP session, by message and user.
import { isMailboxLeg, reachesMailbox, takesByPipe, userKeys } from './correlate-join.ts';
import { addressKey, type StoryState } from './story-state.ts';

export const legKey = (node: string, instance: string, queueId: string): string => `q ${node} ${instance} ${queueId}`;
export const hopKey = (queueId: string): string => `h ${queueId}`;
export const pickupKey = (node: string, messageId: string): string => `p ${node} ${messageId}`;
export const sessionKey = (sessionId: string): string => `s ${sessionId}`;
export const userKey = (messageId: string, user: string): string => `m ${messageId} ${user}`;

/** Every key under which a later line may look for this story. */
export function joinKeysOf(story: StoryState): Set<string> {
  const keys = new Set<string>();
  for (const leg of story.legs) {
    if (leg.queueId !== undefined) {
      keys.add(legKey(leg.node, leg.instance, leg.queueId));
      if (leg.messageId !== undefined || leg.queuedAt !== undefined) keys.add(hopKey(leg.queueId));
      if (leg.origQueueId !== undefined) keys.add(hopKey(leg.origQueueId));
    }
    if (leg.messageId !== undefined && leg.role === 'pickup') keys.add(pickupKey(leg.node, leg.messageId));
    for (const outcome of leg.outcomes.values()) {
      if (outcome.nextQueueId !== undefined) keys.add(hopKey(outcome.nextQueueId));
      if (outcome.sessionId !== undefined) keys.add(sessionKey(outcome.sessionId));
      if (leg.messageId === undefined) continue;
      if (isMailboxLeg(leg)) {
        keys.add(userKey(leg.messageId, addressKey(outcome.to)));
        if (outcome.sieve === 'redirect') keys.add(pickupKey(leg.node, leg.messageId));
      } else if (reachesMailbox(outcome)) {
        if (outcome.sessionId === undefined)
          for (const user of userKeys(outcome.to)) keys.add(userKey(leg.messageId, user));
        if (takesByPipe(outcome)) keys.add(pickupKey(leg.node, leg.messageId));
      }
    }
  }
  return keys;
}
