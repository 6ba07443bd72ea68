// What a member's fitness is made of: the services watched here, and what the agent beside says. Told to the machine on change.
import type { ShellEvent } from '../../failover/lease/events.ts';

type Health = Extract<ShellEvent, { kind: 'health' }>;
/** `hard`: while it fails the member is not healthy. `unable`: while it fails it may not act, healthy or not. */
export type Weight = number | 'hard' | 'unable';

export type HealthKeeper = {
  readonly noteService: (name: string, weight: Weight, isUp: boolean) => void;
  readonly noteAgent: (word: Omit<Health, 'kind' | 'priority' | 'mayAct'> & { readonly penalty: number }) => void;
};

/** `basePriority` less the weights of what fails, at least 1. An observe-only member may never act. */
export function createHealthKeeper(
  config: { readonly basePriority: number; readonly mayHold: boolean },
  deps: { readonly tell: (health: Health) => void },
): HealthKeeper {
  const failing = new Map<string, Weight>();
  let agent = { penalty: 0, isHealthy: true, position: null as number | null, isLinkUp: true };
  let told = '';
  function tell(): void {
    let priority = config.basePriority - agent.penalty;
    let { isHealthy } = agent;
    let mayAct = config.mayHold;
    for (const weight of failing.values()) {
      if (weight === 'hard') isHealthy = false;
      else if (weight === 'unable') mayAct = false;
      else priority -= weight;
    }
    const { position, isLinkUp } = agent;
    const health: Health = { kind: 'health', priority: Math.max(1, priority), isHealthy, mayAct, position, isLinkUp };
    const text = JSON.stringify(health);
    if (text === told) return;
    told = text;
    deps.tell(health);
  }
  return {
    noteService: (name, weight, isUp) => {
      if (isUp) failing.delete(name);
      else failing.set(name, weight);
      tell();
    },
    noteAgent: (word) => {
      agent = { ...word };
      tell();
    },
  };
}
