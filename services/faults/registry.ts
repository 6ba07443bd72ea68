import { benignEvents } from './benign.ts';
import { agentFaults } from './families/agent.ts';
import { clockFaults } from './families/clock.ts';
import { configurationFaults } from './families/configuration.ts';
import { databaseFaults } from './families/database.ts';
import { directoryFaults } from './families/directory.ts';
import { dnsFaults } from './families/dns.ts';
import { limitFaults } from './families/limit.ts';
import { milterFaults } from './families/milter.ts';
import { networkFaults } from './families/network.ts';
import { processFaults } from './families/processes.ts';
import { providerFaults } from './families/providers.ts';
import { queueFaults } from './families/queue.ts';
import { replicationFaults } from './families/replication.ts';
import { memoryFaults, processorFaults } from './families/resources.ts';
import { securityFaults } from './families/security.ts';
import { storageFaults } from './families/storage.ts';
import { tlsFaults } from './families/tls.ts';
import type { Fault, ImpossibleFault, Injectable } from './fault.ts';

/** Every fault, in the order of the families. */
export const faults: readonly Fault[] = [
  ...processFaults,
  ...storageFaults,
  ...memoryFaults,
  ...processorFaults,
  ...networkFaults,
  ...dnsFaults,
  ...tlsFaults,
  ...databaseFaults,
  ...directoryFaults,
  ...milterFaults,
  ...configurationFaults,
  ...queueFaults,
  ...limitFaults,
  ...providerFaults,
  ...securityFaults,
  ...clockFaults,
  ...replicationFaults,
  ...agentFaults,
];

export const impossibleFaults: readonly ImpossibleFault[] = [
  {
    id: 'queue-read-only',
    family: 'disk',
    reason:
      'Postfix holds files of the queue open, and the kernel turns a file system in use read-only by itself only on device errors.',
  },
  {
    id: 'conntrack-full',
    family: 'network',
    reason: 'nf_conntrack_max belongs to the whole machine and cannot be set for one namespace.',
  },
  {
    id: 'deferred-flood',
    family: 'queue',
    reason:
      'Postfix takes turns between new and deferred mail, so deferred mail alone holds up nobody; active-queue-full is what does.',
  },
  {
    id: 'agent-disk-full',
    family: 'agent',
    reason:
      'An agent without room on its disk goes on shipping what it reads from files; only its checkpoint grows old, which nobody notices.',
  },
  {
    id: 'firewall-flushed',
    family: 'network',
    reason: 'No host of the lab is behind rules, so none is missed when they are gone, and no user would notice.',
  },
];

export const faultById: ReadonlyMap<string, Fault> = new Map(faults.map((fault) => [fault.id, fault]));

/** Faults and benign events: whatever can be injected and healed by its id. */
export const injectableById: ReadonlyMap<string, Injectable> = new Map<string, Injectable>([
  ...faultById,
  ...benignEvents.map((event) => [event.id, event] as const),
]);
