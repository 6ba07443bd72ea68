// Has the agents of a group's voters ask their lease processes. Whoever asks for a preflight while one runs gets the same.
import type {
  FailoverExplanation,
  FailoverGroup,
  FailoverPreflight,
  LeaseQuestion,
  LeaseReply,
} from '../../protocol/failover.ts';
import type { Clock } from '../../runtime/clock.ts';

export type QuestionDesk = {
  readonly preflight: (group: FailoverGroup) => Promise<FailoverPreflight>;
  readonly explain: (group: FailoverGroup) => Promise<FailoverExplanation>;
};

export function createQuestionDesk(deps: {
  readonly clock: Clock;
  /** What a node's agent answers within its limit, or why it does not. */
  readonly ask: (node: string, question: LeaseQuestion) => Promise<LeaseReply>;
}): QuestionDesk {
  const { clock, ask } = deps;
  const running = new Map<string, Promise<FailoverPreflight>>();

  async function askAll<Answer>(
    { group, voters }: FailoverGroup,
    about: LeaseQuestion['about'],
    read: (node: string, reply: LeaseReply) => Answer,
  ): Promise<Answer[]> {
    return Promise.all(voters.map(async ({ node }) => read(node, await ask(node, { group, about }))));
  }
  const silenceOf = (reply: LeaseReply): string => (reply.ok ? '' : reply.detail);

  async function measure(group: FailoverGroup): Promise<FailoverPreflight> {
    const answers = await askAll(group, 'preflight', (node, reply) => ({
      ...{ node, preflight: reply.ok && reply.about === 'preflight' ? reply.preflight : null },
      silence: silenceOf(reply),
    }));
    return { id: group.id, group: group.group, now: clock.now(), answers };
  }

  return {
    preflight: (group) => {
      const shared = running.get(group.id) ?? measure(group).finally(() => running.delete(group.id));
      running.set(group.id, shared);
      return shared;
    },
    explain: async (group) => {
      const answers = await askAll(group, 'explain', (node, reply) => ({
        ...{ node, explanation: reply.ok && reply.about === 'explain' ? reply.explanation : null },
        silence: silenceOf(reply),
      }));
      return { id: group.id, group: group.group, now: clock.now(), answers };
    },
  };
}
