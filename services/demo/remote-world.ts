import * as cast from './cast.ts';
import type { Reply } from './postfix-lines.ts';
import { alphabets, type Random } from './random.ts';

/** How long slow.example makes a stranger wait, and how many it remembers. */
export const greylist = { waitMs: 70_000, entriesMax: 1000 } as const;

export type RemoteWorld = {
  /** What the server of a domain of the world says to RCPT; `undefined` where no server answers at all. */
  readonly judge: (from: string, to: string) => Reply | undefined;
  /** What it says after the message. */
  readonly accept: () => Reply;
};

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/** The other end of what we send: one behaviour a domain, the same in the history and over real SMTP. */
export function createRemoteWorld(deps: { readonly now: () => number; readonly random: Random }): RemoteWorld {
  const firstSeenByPair = new Map<string, number>();

  function judgeGreylisted(from: string, to: string): Reply {
    const pair = `${from} ${to}`;
    const firstSeenAt = firstSeenByPair.get(pair) ?? deps.now();
    firstSeenByPair.set(pair, firstSeenAt);
    const [oldest] = firstSeenByPair.keys();
    if (firstSeenByPair.size > greylist.entriesMax && oldest !== undefined) firstSeenByPair.delete(oldest);
    const text = `<${to}>: Recipient address rejected: Greylisted, please try again in ${greylist.waitMs / 1000} seconds`;
    if (deps.now() - firstSeenAt < greylist.waitMs) return { code: 450, enhanced: '4.2.0', text };
    firstSeenByPair.delete(pair);
    return { code: 250, enhanced: '2.1.5', text: 'Ok' };
  }

  return {
    judge: (from, to) => {
      switch (cast.remotes[domainOf(to)]?.mood) {
        case 'greylists':
          return judgeGreylisted(from, to);
        case 'unknown-user':
          return { code: 550, enhanced: '5.1.1', text: `<${to}>: Recipient address rejected: User unknown` };
        case 'mailbox-full':
          return { code: 452, enhanced: '4.2.2', text: `<${to}>: Mailbox is full` };
        case 'refuses':
          return undefined;
        default:
          return { code: 250, enhanced: '2.1.5', text: 'Ok' };
      }
    },
    accept: () => ({
      code: 250,
      enhanced: '2.0.0',
      text: `Ok: queued as ${deps.random.text(10, alphabets.hex).toUpperCase()}`,
    }),
  };
}
