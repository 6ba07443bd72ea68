import { databaseFaults } from './families/database.ts';
import { dnsFaults } from './families/dns.ts';
import { networkFaults } from './families/network.ts';
import { processFaults } from './families/processes.ts';
import { providerFaults } from './families/providers.ts';
import {
  configurationFaults,
  limitFaults,
  milterFaults,
  replicationFaults,
  socketFaults,
} from './families/services.ts';
import { storageFaults } from './families/storage.ts';
import { tlsFaults } from './families/tls.ts';
import type { Fault, ImpossibleFault } from './fault.ts';

/** Every fault, in the order in which they are tried. */
export const faults: readonly Fault[] = [
  ...processFaults,
  ...storageFaults,
  ...networkFaults,
  ...dnsFaults,
  ...tlsFaults,
  ...databaseFaults,
  ...socketFaults,
  ...milterFaults,
  ...configurationFaults,
  ...limitFaults,
  ...providerFaults,
  ...replicationFaults,
];

export const impossibleFaults: readonly ImpossibleFault[] = [
  {
    id: 'queue-read-only',
    family: 'disk',
    reason:
      'Postfix holds files of the queue open, and the kernel turns a file system in use read-only by itself only on device errors.',
  },
  {
    id: 'disk-slow',
    family: 'disk',
    reason: 'The volumes are tmpfs; blkio limits and device delays need a block device of their own.',
  },
  {
    id: 'conntrack-full',
    family: 'network',
    reason: 'nf_conntrack_max belongs to the whole machine and cannot be set for one namespace.',
  },
];

export const faultById: ReadonlyMap<string, Fault> = new Map(faults.map((fault) => [fault.id, fault]));
