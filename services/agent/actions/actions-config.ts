import { z } from 'zod';
import { injectableById } from '../../faults/registry.ts';
import { faultTtlSecondsMax } from '../../protocol/action.ts';

const rulePattern = /^(fault:(\*|[a-z0-9-]+)|lease:(\*|voters|retime))$/;

/** The `actions` part of an agent's configuration: nothing is allowed unless it is named, so that an agent only observes. */
export const actionsConfigSchema = z.strictObject({
  /**
   * `fault:ID` of the fault library, or `fault:*` for all of them: what may be broken may be mended. `lease:voters` and
   * `lease:retime`, or `lease:*`: orders to the lease process of this node.
   */
  allow: z
    .array(
      z
        .string()
        .regex(
          rulePattern,
          'An allowed action is named like fault:postfix-master-killed, fault:*, lease:voters, or lease:*',
        )
        .refine(
          (rule) => !rule.startsWith('fault:') || rule === 'fault:*' || injectableById.has(rule.slice('fault:'.length)),
          'There is no such fault',
        ),
    )
    .max(1000)
    .default([]),
  /** No fault is taken for longer. */
  ttlSecondsMax: z.int().min(1).max(faultTtlSecondsMax).default(300),
  /** Shell text that starts the service whose name is `$1`, when a fault is mended. */
  serviceStart: z.string().min(1).max(1000).default('systemctl start "$1"'),
});
export type ActionsConfig = z.infer<typeof actionsConfigSchema>;
