import type { BuildInput, HostBuild, HostService } from '../host-files.ts';

export const controlPort = 7400;
/** A socket in the file system crosses network namespaces; the page's door on the machine leads to it. */
export const controlSocket = '/run/mailward-control.sock';
export const controlVolume = 'control';
/** Below the volume: what whoever may read control's files can decide with. */
export const operatorSecretFile = 'control/trust/operator.secret';

/** Control as it is started anywhere, with TLS for its agents; the page's door takes the TLS off for browsers of this machine. */
export function buildControl({ host }: BuildInput): HostBuild {
  const config = { listen: { host: '::', port: controlPort, tls: true }, names: [host.fqdn] };
  const program = '/opt/mailward/services/control/main.ts';
  const services: readonly HostService[] = [
    {
      name: 'control',
      start: `test -f ${program} || exit 0; exec node ${program} --config /etc/mailward/control.yaml`,
      foreground: true,
      listens: [{ protocol: 'tcp', port: controlPort }],
    },
    {
      name: 'door',
      start: `exec socat UNIX-LISTEN:${controlSocket},fork,reuseaddr OPENSSL:127.0.0.1:${controlPort},verify=0`,
      foreground: true,
      listens: [],
    },
  ];
  return {
    // JSON is YAML too.
    files: [{ path: '/etc/mailward/control.yaml', text: `${JSON.stringify(config)}\n` }],
    volumes: [{ name: controlVolume, path: '/var/lib/mailward', sizeMiB: 1024, mode: '0755' }],
    services,
    extraNumbers: [],
  };
}
