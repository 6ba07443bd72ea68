// The lease file that an agent's or control's configuration names.
import { join } from 'node:path';
import { type LeaseConfig, leaseConfigSchema } from '../../protocol/lease-config.ts';
import type { ConfigBeside } from '../check-config.ts';
import { findLeaseFaults } from './lease-faults.ts';

type Naming = { readonly lease?: { readonly config: string; readonly socket: string } | undefined };

/** None where no lease process is kept. */
export const leaseBeside = ({ lease }: Naming): ConfigBeside[] =>
  lease === undefined
    ? []
    : [
        {
          ...{ process: 'lease', schema: leaseConfigSchema, file: lease.config },
          find: async (parsed) => {
            // What that schema gave.
            const config = parsed as LeaseConfig;
            const { issues, notes } = await findLeaseFaults(config);
            return { issues: [...issues, ...socketFaults(config, lease.socket)], notes };
          },
        },
      ];

/** Whoever keeps the process would look for it where it is not, and start it again and again. */
function socketFaults({ runDir }: LeaseConfig, socket: string): { path: string[]; message: string }[] {
  const served = join(runDir, 'status.sock');
  if (served === socket) return [];
  return [
    {
      path: ['runDir'],
      message: `The process will answer at ${served}, and is looked for at ${socket} (lease.socket)`,
    },
  ];
}
