import type { BuildInput, HostBuild } from '../host-files.ts';
import { ipv4Of, ipv6Of, networkOf } from '../topology.ts';

/**
 * How the world answers. Each behaviour is a domain with an address of its own; the texts are what the large providers
 * say (Gmail, Outlook.com and Yahoo postmaster pages).
 */
export const sinkBehaviours = [
  'accept',
  'greylist',
  'gmail-throttle',
  'outlook-throttle',
  'yahoo-deferred',
  'outlook-blocked',
  'policy',
  'unknown-user',
  'mailbox-full',
  'busy',
  'refuse',
  'hang',
  'drop',
  'slow',
] as const;
export type SinkBehaviour = (typeof sinkBehaviours)[number];

export const sinkDomain = (behaviour: SinkBehaviour): string => `${behaviour}.test`;

/** The sinks take the numbers after their host's own, in the order of `sinkBehaviours`. */
export function sinkAddresses(
  network: number,
  hostNumber: number,
): readonly { behaviour: SinkBehaviour; domain: string; ipv4: string; ipv6: string; number: number }[] {
  return sinkBehaviours.map((behaviour, index) => {
    const number = hostNumber + 1 + index;
    return {
      behaviour,
      domain: sinkDomain(behaviour),
      ipv4: ipv4Of(network, number),
      ipv6: ipv6Of(network, number),
      number,
    };
  });
}

export function buildRemote({ plan, host }: BuildInput): HostBuild {
  const sinks = sinkAddresses(networkOf(plan, host), host.number);
  // A refused connection needs an address without a listener: `refuse` gets the address and nothing behind it.
  const served = sinks.filter(({ behaviour }) => behaviour !== 'refuse');
  const request = JSON.stringify({
    sinks: served.map(({ behaviour, ipv4, ipv6 }) => ({ behaviour, addresses: [ipv4, ipv6] })),
  });
  return {
    files: [{ path: '/etc/mailward-lab/sinks.json', text: request }],
    volumes: [],
    services: [
      {
        name: 'sinks',
        start: 'exec node /opt/mailward/services/lab/main.ts sinks /etc/mailward-lab/sinks.json',
        foreground: true,
        listens: [{ protocol: 'tcp', port: 25 }],
      },
    ],
    extraNumbers: sinks.map(({ number }) => number),
  };
}
