import type { BuildInput, HostFile, HostService } from '../host-files.ts';
import { hostsOf } from '../topology.ts';
import { miltersOf } from './postfix.ts';

// What a message passes beside Postfix: Rspamd, OpenDKIM and the host's own resolver.

export const dkimSelector = 'lab';

/** Modules that would fetch maps from the network, or ask lists in the world, or need Redis. */
const modulesOff = [
  ...['rbl', 'surbl', 'whitelist', 'phishing', 'multimap', 'mime_types', 'mid', 'rspamd_update', 'fuzzy_check', 'asn'],
  ...['dkim_signing', 'arc', 'greylist', 'ratelimit', 'replies', 'history_redis', 'neural', 'mx_check', 'maillist'],
];

export function rspamdFiles(): readonly HostFile[] {
  const local = (name: string, text: string): HostFile => ({ path: `/etc/rspamd/local.d/${name}`, text });
  return [
    ...modulesOff.map((name) => local(`${name}.conf`, 'enabled = false;\n')),
    local(
      'options.inc',
      'dns { nameserver = ["127.0.0.1"]; timeout = 1s; retransmits = 2; }\nlocal_addrs = [127.0.0.0/8];\n',
    ),
    local('logging.inc', 'type = "syslog";\nfacility = "mail";\nlevel = "notice";\n'),
    local('worker-normal.inc', 'enabled = false;\n'),
    local('worker-fuzzy.inc', 'enabled = false;\n'),
    local('worker-controller.inc', 'bind_socket = "127.0.0.1:11334";\n'),
    local(
      'worker-proxy.inc',
      `bind_socket = "127.0.0.1:${miltersOf.rspamd}";\nmilter = yes;\ncount = 1;\nupstream "local" { default = yes; self_scan = yes; }\n`,
    ),
    // The shipped file names a classifier that learns into Redis; this one names none.
    { path: '/etc/rspamd/statistic.conf', text: '' },
  ];
}

export const rspamdService: HostService = {
  name: 'rspamd',
  start:
    'mkdir -p /run/rspamd /var/lib/rspamd; chown _rspamd:_rspamd /run/rspamd /var/lib/rspamd; exec rspamd -f -u _rspamd -g _rspamd',
  foreground: true,
  listens: [{ protocol: 'tcp', port: miltersOf.rspamd }],
};

export function opendkimFiles({ plan, host, secrets }: BuildInput): readonly HostFile[] {
  const domains = [...new Set([plan.domain, ...hostsOf(plan, 'mail').flatMap((mail) => mail.domains)])];
  const conf = `Syslog yes
SyslogFacility mail
LogWhy yes
Mode sv
Socket inet:${miltersOf.opendkim}@127.0.0.1
UserID opendkim
PidFile /run/opendkim/opendkim.pid
KeyTable /etc/opendkim/keys
SigningTable refile:/etc/opendkim/signing
InternalHosts /etc/opendkim/internal
Nameservers 127.0.0.1
`;
  return [
    { path: '/etc/opendkim.conf', text: conf },
    {
      path: '/etc/opendkim/keys',
      text: domains.map((domain) => `${domain} ${domain}:${dkimSelector}:/etc/opendkim/dkim.key\n`).join(''),
    },
    { path: '/etc/opendkim/signing', text: domains.map((domain) => `*@${domain} ${domain}\n`).join('') },
    { path: '/etc/opendkim/internal', text: `127.0.0.1\n::1\n${host.ipv4}\n` },
    { path: '/etc/opendkim/dkim.key', text: secrets.dkimKeyPem, mode: 0o600, owner: 'opendkim:opendkim' },
  ];
}

export const opendkimService: HostService = {
  name: 'opendkim',
  start: 'mkdir -p /run/opendkim; chown opendkim:opendkim /run/opendkim; opendkim -x /etc/opendkim.conf',
  listens: [{ protocol: 'tcp', port: miltersOf.opendkim }],
};

export function resolverFiles(input: BuildInput): readonly HostFile[] {
  const servers = hostsOf(input.plan, 'dns').map(({ ipv4 }) => `server=${ipv4}\n`);
  const text = `no-resolv\nno-hosts\nport=53\nlisten-address=127.0.0.1\nbind-interfaces\ncache-size=1000\nmax-cache-ttl=5\nneg-ttl=1\nuser=root\npid-file=/run/dnsmasq.pid\n${servers.join('')}`;
  return [{ path: '/etc/mailward-lab/resolver.conf', text }];
}

export const resolverService: HostService = {
  name: 'resolver',
  start: 'dnsmasq --conf-file=/etc/mailward-lab/resolver.conf',
  listens: [{ protocol: 'udp', port: 53 }],
};
