// Has the agents of a group's voters measure and check. Whoever asks while it runs gets the same answer.
import type { FailoverGroup, FailoverPreflight, PreflightReply } from '../../protocol/failover.ts';
import type { Clock } from '../../runtime/clock.ts';

export type PreflightDesk = { readonly run: (group: FailoverGroup) => Promise<FailoverPreflight> };

export function createPreflightDesk(deps: {
  readonly clock: Clock;
  /** What a node's agent answers within its limit, or why it does not. */
  readonly ask: (node: string, group: string) => Promise<PreflightReply>;
}): PreflightDesk {
  const { clock, ask } = deps;
  const running = new Map<string, Promise<FailoverPreflight>>();

  async function measure({ id, group, voters }: FailoverGroup): Promise<FailoverPreflight> {
    const answers = await Promise.all(
      voters.map(async ({ node }) => {
        const reply = await ask(node, group);
        return reply.ok
          ? { node, preflight: reply.preflight, silence: '' }
          : { node, preflight: null, silence: reply.detail };
      }),
    );
    return { id, group, now: clock.now(), answers };
  }

  return {
    run: (group) => {
      const shared = running.get(group.id) ?? measure(group).finally(() => running.delete(group.id));
      running.set(group.id, shared);
      return shared;
    },
  };
}
