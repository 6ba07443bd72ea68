// Which lines a live tail carries.
import type { TailFilter } from '../protocol/live.ts';
import type { MailEvent } from '../protocol/mail-event.ts';
import { createDomainScope } from './mail-domain.ts';

/** `lowerLine` is the line in lower case; it is asked for only where the filter has a text. */
export type TailMatch = (event: MailEvent, node: string, lowerLine: () => string) => boolean;

/** Text is found anywhere in the line, without regard to case; a domain in the addresses and users that the line names. */
export function createTailMatch({ text, node: onlyNode, kinds, domain }: TailFilter): TailMatch {
  const lowerText = text?.toLowerCase() ?? '';
  const onlyKinds = kinds === undefined ? undefined : new Set<string>(kinds);
  const scope = domain === undefined ? undefined : createDomainScope(domain);
  return (event, node, lowerLine) => {
    if (onlyNode !== undefined && onlyNode !== node) return false;
    if (onlyKinds !== undefined && !onlyKinds.has(event.kind)) return false;
    if (scope !== undefined) {
      const { from, to, origTo, user, saslUser } = event;
      if (![from, to, origTo, user, saslUser].some(scope.covers)) return false;
    }
    return lowerText === '' || lowerLine().includes(lowerText);
  };
}
