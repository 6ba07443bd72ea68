// Preflight of this node alone: the kernel's guard, the tools it needs, who else configures the addresses.
import type { LeaseGroupConfig } from '../protocol/lease-config.ts';
import type { LeaseGroupStatus, PreflightCheck } from '../protocol/lease-status.ts';

export async function checkNode(_config: LeaseGroupConfig, status: LeaseGroupStatus): Promise<PreflightCheck[]> {
  const { kind, faults } = status.guard;
  return [
    faults.length === 0
      ? { name: 'guard', grade: kind === 'kernel' ? 'good' : 'warning', sentence: `The guard is ${kind}.` }
      : { name: 'guard', grade: 'fault', sentence: faults.join(' ') },
  ];
}
