// Configuration in three steps: the file, the keys it names, the mode that each group runs in here.
import { readFileSync } from 'node:fs';
import type { LeaseConfig, LeaseGroupConfig } from '../protocol/lease-config.ts';
import { leaseConfigSchema } from '../protocol/lease-config.ts';
import { readConfigFile } from '../runtime/config-file.ts';
import { readLeaseKey } from '../runtime/lease/lease-keys.ts';
import type { GroupMode } from './group.ts';
import type { LeaseKey } from './peers/envelope.ts';

export const readLeaseConfig = (file: string): Promise<LeaseConfig> => readConfigFile(leaseConfigSchema, file);

/** Throws `bad-config` for a key that cannot be read or is too short to be one. */
export const readKeys = (group: LeaseGroupConfig): Promise<LeaseKey[]> =>
  Promise.all(group.keys.map((key) => readLeaseKey(group.name, key)));

/** Bit of CAP_NET_ADMIN (capabilities(7)) in the effective set. */
const netAdminBit = 12n;

export function hasNetAdmin(): boolean {
  const status = readFileSync('/proc/self/status', 'latin1');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> netAdminBit) & 1n) === 1n;
}

/** What this process may do in a group: nothing happens to an address without the operator's word and the kernel's right. */
export function modeOf(config: LeaseConfig, group: LeaseGroupConfig, mayAct: boolean): GroupMode {
  if (group.voters.find((voter) => voter.node === config.node)?.witness === true) return 'witness';
  if (group.shadow) return 'shadow';
  return config.actions === 'enabled' && mayAct ? 'active' : 'observe-only';
}
