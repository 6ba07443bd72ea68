// What a report knows of the messages that are on their way: enough to tell a message from its attempts, and its size.
import type { MailEvent } from '../protocol/mail-event.ts';
import { isLoopback } from './correlate-leg.ts';
import { own } from './story-state.ts';

/** Messages held between their first and last line; beyond, the one that came first is forgotten. */
export const openMessagesMax = 100_000;

export type OpenMessage = {
  /** When smtpd(8) or pickup(8) took it in; absent when that line was not read. */
  receivedAt: number | undefined;
  from: string | undefined;
  size: number | undefined;
  clientHost: string | undefined;
  clientIp: string | undefined;
  saslUser: string | undefined;
  /** It is another message's next step: what a filter handed back, or what postsuper(1) put into the queue anew. */
  isContinued: boolean;
  isInScope: boolean;
  isCounted: boolean;
  isSized: boolean;
  isDeferred: boolean;
};

export type OpenMessages = {
  /** The message of the event's queue id; made when there is none yet. */
  readonly of: (event: MailEvent, node: string) => OpenMessage;
  /** A message begins here, whatever was known under its queue id. */
  readonly begin: (event: MailEvent, node: string) => OpenMessage;
  readonly find: (queueId: string, event: MailEvent, node: string) => OpenMessage | undefined;
  readonly remove: (event: MailEvent, node: string) => void;
};

export function createOpenMessages(messagesMax: number = openMessagesMax): OpenMessages {
  const messages = new Map<string, OpenMessage>();
  const keyOf = (queueId: string, event: MailEvent, node: string): string => `${node} ${event.instance} ${queueId}`;

  function put(key: string): OpenMessage {
    const message: OpenMessage = {
      ...{ receivedAt: undefined, from: undefined, size: undefined },
      ...{ clientHost: undefined, clientIp: undefined, saslUser: undefined },
      ...{ isContinued: false, isInScope: false, isCounted: false, isSized: false, isDeferred: false },
    };
    messages.delete(key);
    messages.set(own(key), message);
    if (messages.size > messagesMax) {
      const oldest = messages.keys().next();
      if (oldest.done !== true) messages.delete(oldest.value);
    }
    return message;
  }

  return {
    of: (event, node) => {
      const key = keyOf(event.queueId ?? '', event, node);
      return messages.get(key) ?? put(key);
    },
    begin: (event, node) => {
      const message = put(keyOf(event.queueId ?? '', event, node));
      message.receivedAt = event.time;
      message.isContinued = event.origQueueId !== undefined;
      message.clientHost = optional(event.clientHost);
      message.clientIp = optional(event.clientIp);
      message.saslUser = optional(event.saslUser);
      return message;
    },
    find: (queueId, event, node) => messages.get(keyOf(queueId, event, node)),
    remove: (event, node) => {
      const key = keyOf(event.queueId ?? '', event, node);
      const message = messages.get(key);
      // A filter's answer may come after what it handed back is gone again: the line of the hand-over still needs it.
      if (message !== undefined && !(message.isCounted && isLoopback(message.clientIp))) messages.delete(key);
    },
  };
}

const optional = (text: string | undefined): string | undefined => (text === undefined ? undefined : own(text));
