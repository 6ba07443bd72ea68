import type { BuildInput, HostBuild, HostVolume } from './host-files.ts';
import { buildControl } from './roles/control.ts';
import { buildDatabase } from './roles/database.ts';
import { buildDirectory } from './roles/directory.ts';
import { buildDns } from './roles/dns.ts';
import { buildMail } from './roles/mail.ts';
import { buildRemote } from './roles/remote.ts';
import { type HostRole, hostsOf } from './topology.ts';

const nothing: HostBuild = { files: [], volumes: [], services: [], extraNumbers: [] };

const builders: Readonly<Record<HostRole, (input: BuildInput) => HostBuild>> = {
  mail: buildMail,
  database: buildDatabase,
  directory: buildDirectory,
  dns: buildDns,
  remote: buildRemote,
  control: buildControl,
  witness: () => nothing,
  client: () => nothing,
};

const logVolume: HostVolume = { name: 'log', path: '/var/log', sizeMiB: 128, mode: '0755' };

/** The router between places is a host too, without a role: so that its links can have faults which it mends itself. */
export const buildRouter = (): HostBuild => ({ ...nothing, volumes: [logVolume] });

/** Everything a host is made of: its role, and what every host has. */
export function buildHost(input: BuildInput): HostBuild {
  const { plan, host, secrets } = input;
  const role = builders[host.role](input);
  const ownResolver = role.services.some(({ name }) => name === 'resolver' || name === 'dns');
  const nameServers = ownResolver ? ['127.0.0.1'] : hostsOf(plan, 'dns').map(({ ipv4 }) => ipv4);
  return {
    ...role,
    volumes: [logVolume, ...role.volumes],
    files: [
      { path: '/etc/hostname', text: `${host.name}\n` },
      { path: '/etc/mailname', text: `${plan.domain}\n` },
      { path: '/etc/hosts', text: `127.0.0.1 localhost\n::1 localhost\n${host.ipv4} ${host.fqdn} ${host.name}\n` },
      {
        path: '/etc/resolv.conf',
        text: `search ${plan.domain}\n${nameServers.map((ip) => `nameserver ${ip}\n`).join('')}options timeout:2 attempts:2\n`,
      },
      { path: '/etc/ssl/lab/ca.pem', text: secrets.caPem },
      ...role.files,
    ],
  };
}
