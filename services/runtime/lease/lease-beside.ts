// The lease file that an agent's or control's configuration names.
import { type LeaseConfig, leaseConfigSchema } from '../../protocol/lease-config.ts';
import type { ConfigBeside } from '../check-config.ts';
import { findLeaseFaults } from './lease-faults.ts';

/** None where no lease process is kept. */
export const leaseBeside = (config: { readonly lease?: { readonly config: string } | undefined }): ConfigBeside[] =>
  config.lease === undefined
    ? []
    : [
        {
          ...{ process: 'lease', schema: leaseConfigSchema, file: config.lease.config },
          // What that schema gave.
          find: (lease) => findLeaseFaults(lease as LeaseConfig),
        },
      ];
