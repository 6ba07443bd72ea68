import type { BuildInput, HostBuild, HostService } from '../host-files.ts';

export const controlPort = 7400;
/** A socket in the file system crosses network namespaces; the page's door on the machine leads to it. */
export const controlSocket = '/run/mailward-control.sock';

/**
 * Control as it is started anywhere. It listens on its own loopback, so a relay answers for it on the host's addresses,
 * and one in each mail host leads there: the agents' way to control is the lab's network, with its faults.
 */
export function buildControl({ host }: BuildInput): HostBuild {
  const listeners = [`TCP4-LISTEN:${controlPort},bind=${host.ipv4}`, `TCP6-LISTEN:${controlPort},bind=[${host.ipv6}]`];
  return {
    files: [],
    volumes: [{ name: 'control', path: '/var/lib/mailward', sizeMiB: 1024, mode: '0755' }],
    services: [
      {
        name: 'control',
        start: `test -f /opt/mailward/services/control/main.ts || exit 0; exec node /opt/mailward/services/control/main.ts --port ${controlPort}`,
        foreground: true,
        listens: [{ protocol: 'tcp', port: controlPort }],
      },
      ...listeners.map(
        (listen, index): HostService => relay(`relay${index + 4}`, listen, `TCP4:127.0.0.1:${controlPort}`),
      ),
      relay('door', `UNIX-LISTEN:${controlSocket}`, `TCP4:127.0.0.1:${controlPort}`),
    ],
    extraNumbers: [],
  };
}

export function relayToControl(controlFqdn: string): HostService {
  return relay('relay', `TCP4-LISTEN:${controlPort},bind=127.0.0.1`, `TCP:${controlFqdn}:${controlPort}`);
}

function relay(name: string, listen: string, to: string): HostService {
  return { name, start: `exec socat ${listen},fork,reuseaddr ${to}`, foreground: true, listens: [] };
}
