// What is closed before the network is up: only what a lease process of this node will open again. Nothing else would ever take
// the drop away, and an address that Mailward may not touch would stay silent.
import type { LeaseConfig } from '../protocol/lease-config.ts';
import { modeOf } from './config.ts';
import { renderBootRules } from './guard/ruleset.ts';

/** For `nft -f`; empty when no group here has a guard in the kernel. Run at boot as root, so the right to act is taken as given. */
export const bootRulesOf = (config: LeaseConfig): string =>
  config.groups
    .filter((group) => group.guard === 'kernel' && modeOf(config, group, true) === 'active')
    .map(renderBootRules)
    .join('');
