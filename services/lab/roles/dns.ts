import type { BuildInput, HostBuild } from '../host-files.ts';
import { hostsOf, type LabHost, type LabPlan, networkOf } from '../topology.ts';
import { dkimSelector } from './filters.ts';
import { blockList } from './postfix.ts';
import { sinkAddresses } from './remote.ts';

/** The lab's zones in dnsmasq: hosts, MX, SPF, DKIM, DMARC, a block list, and domains that are broken on purpose. */
export function buildDns(input: BuildInput): HostBuild {
  return {
    files: [{ path: '/etc/mailward-lab/zones.conf', text: zonesConf(input) }],
    volumes: [],
    services: [
      {
        name: 'dns',
        start: 'dnsmasq --conf-file=/etc/mailward-lab/zones.conf',
        listens: [{ protocol: 'udp', port: 53 }],
      },
    ],
    extraNumbers: [],
  };
}

function zonesConf({ plan, host, secrets }: BuildInput): string {
  const mail = hostsOf(plan, 'mail');
  const domains = [...new Set(mail.flatMap((member) => member.domains))];
  const remote = hostsOf(plan, 'remote')[0];
  return [
    ...['port=53', 'no-resolv', 'no-hosts', 'bind-interfaces', 'user=root', 'pid-file=/run/dnsmasq.pid', 'auth-ttl=5'],
    ...[`listen-address=${host.ipv4},${host.ipv6},127.0.0.1`, 'local-ttl=5'],
    ...['test', 'in-addr.arpa', 'ip6.arpa'].map((zone) => `local=/${zone}/`),
    ...plan.hosts.map((member) => `host-record=${member.fqdn},${member.ipv4},${member.ipv6}`),
    ...domains.flatMap((domain) => domainRecords(plan, domain, mail, secrets.dkimPublicBase64)),
    ...(remote === undefined ? [] : sinkRecords(plan, remote)),
    `host-record=66.1.77.10.${blockList},127.0.0.2`,
    ...brokenRecords,
    '',
  ].join('\n');
}

function domainRecords(plan: LabPlan, domain: string, mail: readonly LabHost[], dkimBase64: string): readonly string[] {
  const holders = mail.filter((host) => host.domains.includes(domain));
  const relays = mail.filter((host) => !host.domains.includes(domain));
  // A TXT string holds at most 255 bytes (RFC 1035 section 3.3); a key of 2048 bits needs two.
  const key = `"v=DKIM1; k=rsa; p=${dkimBase64.slice(0, 200)}","${dkimBase64.slice(200)}"`;
  return [
    ...holders.map(({ fqdn }) => `mx-host=${domain},${fqdn},10`),
    ...relays.map(({ fqdn }) => `mx-host=${domain},${fqdn},20`),
    `txt-record=${domain},"v=spf1 mx -all"`,
    `txt-record=_dmarc.${domain},"v=DMARC1; p=quarantine; rua=mailto:postmaster@${plan.domain}"`,
    `txt-record=${dkimSelector}._domainkey.${domain},${key}`,
  ];
}

function sinkRecords(plan: LabPlan, remote: LabHost): readonly string[] {
  return sinkAddresses(networkOf(plan, remote), remote.number).flatMap(({ domain, ipv4, ipv6 }) => [
    `host-record=mail.${domain},${ipv4},${ipv6}`,
    `mx-host=${domain},mail.${domain},10`,
    `txt-record=${domain},"v=spf1 mx -all"`,
  ]);
}

/** What the world's zones get wrong: no such host behind an MX, null MX, no end of SPF includes, an unreachable host. */
const brokenRecords = [
  'mx-host=dangling.test,nothere.dangling.test,10',
  'mx-host=nullmx.test,.,0',
  'host-record=mail.unreach.test,10.99.0.1',
  'mx-host=unreach.test,mail.unreach.test,10',
  'txt-record=spfloop.test,"v=spf1 include:spfloop.test -all"',
  'txt-record=_dmarc.baddmarc.test,"v=DMARC1; p=sometimes"',
  `txt-record=${dkimSelector}._domainkey.baddkim.test,"v=DKIM1; k=rsa; p=bm90LWEta2V5"`,
];
