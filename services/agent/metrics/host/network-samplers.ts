import { join } from 'node:path';
import { readBounded } from '../bounded-read.ts';
import type { Family } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { countConnections, noConnections, type PortCount, parseNetworkDevices } from './proc-net.ts';

/** A table of connections longer than this is counted up to here, and that it was cut is stated. */
const tableBytesMax = 32 * 1024 * 1024;
/** More devices than this are left out: a host of containers has one for each. */
export const devicesMax = 64;

type Cadence = { readonly procRoot: string; readonly cadenceMs: number; readonly limitMs: number };

/** Connections of each mail port for IPv4 and IPv6, from the node's own network namespace. */
export function createConnectionSampler(config: Cadence & { readonly ports: readonly number[] }): Sampler {
  const ports = new Set(config.ports);
  return {
    name: 'connections',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async () => {
      const countByKey = new Map<string, PortCount>(
        config.ports.flatMap((port) => [
          [`${port}/ipv4`, noConnections()],
          [`${port}/ipv6`, noConnections()],
        ]),
      );
      let isCut = false;
      for (const [file, family] of [['tcp', 'ipv4'] as const, ['tcp6', 'ipv6'] as const]) {
        // A kernel without IPv6 has no tcp6, and then there are no connections over it.
        const text = await readBounded(join(config.procRoot, 'net', file), tableBytesMax);
        if (text === undefined) continue;
        countConnections(text, family, ports, countByKey);
        isCut ||= Buffer.byteLength(text) >= tableBytesMax;
      }
      return [
        ...connectionFamilies(countByKey),
        {
          name: 'mailward_connections_cut',
          type: 'gauge',
          help: 'Whether the table of connections was longer than what is read of it, so that the counts are too low.',
          samples: [{ labels: {}, value: isCut ? 1 : 0 }],
        },
      ];
    },
  };
}

function connectionFamilies(countByKey: ReadonlyMap<string, PortCount>): Family[] {
  const gauge = (name: string, help: string, read: (count: PortCount) => number): Family => ({
    name,
    type: 'gauge',
    help,
    samples: [...countByKey].map(([key, count]) => {
      const [port = '', family = ''] = key.split('/');
      return { labels: { port, family }, value: read(count) };
    }),
  });
  return [
    gauge('mailward_port_listening', 'Whether something listens on the port.', ({ listening }) => (listening ? 1 : 0)),
    gauge('mailward_port_connections', 'Established connections to the port.', ({ established }) => established),
    gauge(
      'mailward_port_client_connections_max',
      'Established connections of the one client address that has most.',
      ({ mostOfOneClient }) => mostOfOneClient,
    ),
    gauge('mailward_port_accept_backlog', 'Connections that wait to be accepted.', ({ backlog }) => backlog),
    gauge(
      'mailward_port_close_wait',
      'Connections that the client has closed and the server has not.',
      ({ closeWait }) => closeWait,
    ),
  ];
}

/** Throughput and errors of the network devices, without the loopback. */
export function createNetworkSampler(config: Cadence): Sampler {
  return {
    name: 'network',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async () => {
      const text = await readBounded(join(config.procRoot, 'net', 'dev'), 1024 * 1024);
      const devices = parseNetworkDevices(text ?? '')
        .filter(({ device }) => device !== 'lo')
        .slice(0, devicesMax);
      return (['receive', 'transmit'] as const).flatMap((side) =>
        (['bytes', 'packets', 'errors', 'drops'] as const).map(
          (what): Family => ({
            name: `mailward_network_${side}_${what}_total`,
            type: 'counter',
            help: `Network ${what}, ${side === 'receive' ? 'received' : 'transmitted'}, since the device came up.`,
            samples: devices.map((counters) => ({ labels: { device: counters.device }, value: counters[side][what] })),
          }),
        ),
      );
    },
  };
}
