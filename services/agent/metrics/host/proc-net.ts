// The kernel's tables of connections and devices (proc(5), Documentation/networking/proc_net_tcp).

export type PortCount = {
  listening: boolean;
  /** Connections that wait to be accepted: above 0 for long, the server does not keep up or is stuck. */
  backlog: number;
  established: number;
  /** The other side has closed and our server has not yet: above 0 for long, it leaks. */
  closeWait: number;
  /** Established connections of the one address that has most. */
  mostOfOneClient: number;
};

const tcpState = { established: '01', closeWait: '08', listen: '0A' } as const;

/** Addresses that are counted apart in one table, so that a flood of them takes no memory; later ones are counted in total only. */
export const clientsMax = 20_000;

/**
 * Counts `/proc/net/tcp` or `tcp6` by local port, only for `ports`. An IPv4 client on an IPv6 socket (`::ffff:…`) counts as
 * IPv4. Keys are `port/family`.
 */
export function countConnections(
  text: string,
  tableFamily: 'ipv4' | 'ipv6',
  ports: ReadonlySet<number>,
  countByKey: Map<string, PortCount>,
): void {
  const mostByClient = new Map<string, number>();
  for (let at = text.indexOf('\n') + 1; at > 0 && at < text.length; at = text.indexOf('\n', at) + 1) {
    const columns = /\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):[0-9A-F]{4} ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+)/y;
    columns.lastIndex = at;
    const match = columns.exec(text);
    const [, , localPort, remote, state, queued] = match ?? [];
    if (localPort === undefined || remote === undefined) continue;
    const port = Number.parseInt(localPort, 16);
    if (!ports.has(port)) continue;
    const isMapped = tableFamily === 'ipv6' && remote.startsWith('0000000000000000FFFF0000');
    const family = isMapped ? 'ipv4' : tableFamily;
    const key = `${port}/${family}`;
    const count = countByKey.get(key) ?? noConnections();
    countByKey.set(key, count);
    if (state === tcpState.listen) {
      count.listening = true;
      count.backlog += Number.parseInt(queued ?? '0', 16);
    } else if (state === tcpState.closeWait) count.closeWait++;
    else if (state === tcpState.established) {
      count.established++;
      const client = `${key} ${remote}`;
      const most = mostByClient.get(client);
      if (most === undefined && mostByClient.size >= clientsMax) continue;
      mostByClient.set(client, (most ?? 0) + 1);
      count.mostOfOneClient = Math.max(count.mostOfOneClient, (most ?? 0) + 1);
    }
  }
}

export function noConnections(): PortCount {
  return { listening: false, backlog: 0, established: 0, closeWait: 0, mostOfOneClient: 0 };
}

export type DeviceCounters = {
  readonly device: string;
  readonly receive: Readonly<Record<'bytes' | 'packets' | 'errors' | 'drops', number>>;
  readonly transmit: Readonly<Record<'bytes' | 'packets' | 'errors' | 'drops', number>>;
};

/** `/proc/net/dev`: eight receive and eight transmit columns after `name:`. */
export function parseNetworkDevices(text: string): DeviceCounters[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const colon = line.lastIndexOf(':');
      if (colon < 0) return [];
      const columns = line
        .slice(colon + 1)
        .trim()
        .split(/\s+/)
        .map(Number);
      if (columns.length < 12 || columns.some(Number.isNaN)) return [];
      const side = (from: number) => ({
        bytes: columns[from] ?? 0,
        packets: columns[from + 1] ?? 0,
        errors: columns[from + 2] ?? 0,
        drops: columns[from + 3] ?? 0,
      });
      return [{ device: line.slice(0, colon).trim(), receive: side(0), transmit: side(8) }];
    });
}
