import { readFileSync } from 'node:fs';
import type { Listener } from './host-files.ts';

const tcpListen = '0A';
/** UDP has no listen state; an unconnected bound socket shows 07 (TCP_CLOSE). */
const udpBound = '07';

/** Ports that a host listens on, read from the machine through its init's network namespace (proc(5), /proc/net/tcp). */
export function listeningPorts(initPid: number): ReadonlySet<string> {
  const ports = new Set<string>();
  for (const [protocol, wanted] of [
    ['tcp', tcpListen],
    ['udp', udpBound],
  ] as const)
    for (const family of [protocol, `${protocol}6`]) {
      for (const line of readTable(`/proc/${initPid}/net/${family}`)) {
        const fields = line.trim().split(/\s+/);
        if (fields[3] !== wanted) continue;
        ports.add(listenerKey({ protocol, port: Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16) }));
      }
    }
  return ports;
}

export const listenerKey = ({ protocol, port }: Listener): string => `${protocol}/${port}`;

function readTable(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}
