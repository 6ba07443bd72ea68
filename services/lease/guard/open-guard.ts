// Which guard a group gets here.
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import type { GroupMode } from '../group.ts';
import { createCoarseGuard } from './coarse-guard.ts';
import type { Guard } from './guard-port.ts';
import { createGuardWithoutEffect } from './guard-port.ts';
import { createKernelGuard, type GuardDeps } from './kernel-guard.ts';

export function openGuard(config: LeaseGroupConfig, mode: GroupMode, deps: GuardDeps): Guard {
  if (mode === 'shadow' || mode === 'observe-only') return createGuardWithoutEffect(mode);
  if (mode === 'witness') return createGuardWithoutEffect('none');
  return config.guard === 'kernel' ? createKernelGuard(config, deps) : createCoarseGuard(config, deps);
}
