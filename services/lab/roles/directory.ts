import type { BuildInput, HostBuild, HostVolume } from '../host-files.ts';
import { hostsOf, type LabPlan } from '../topology.ts';
import { mailboxesOf, mailboxPassword } from './mailboxes.ts';

export const directoryBase = 'dc=directory';
/** Who the mail hosts bind as (RFC 4513); reads everything. */
export const directoryUser = `cn=mail,${directoryBase}`;
export const directoryPassword = 'lab-directory';

const dataVolume: HostVolume = {
  name: 'data',
  path: '/var/lib/ldap',
  sizeMiB: 64,
  mode: '0700',
  owner: 'openldap:openldap',
};

export const directoryUrls = (plan: LabPlan): string =>
  hostsOf(plan, 'directory')
    .map(({ fqdn }) => `ldap://${fqdn}`)
    .join(' ');

/** A search filter's part that holds for users of these domains (RFC 4515). */
export const inDomains = (domains: readonly string[]): string =>
  `(|${domains.map((domain) => `(ou=${domain})`).join('')})`;

/** OpenLDAP's slapd with the users of all mail hosts; `ou` is a user's domain. */
export function buildDirectory(input: BuildInput): HostBuild {
  const start = [
    'mkdir -p /run/slapd; chown openldap:openldap /run/slapd',
    'test -f /var/lib/ldap/data.mdb || slapadd -q -f /etc/mailward-lab/slapd.conf -l /etc/mailward-lab/users.ldif',
    'chown -R openldap:openldap /var/lib/ldap',
    "slapd -f /etc/mailward-lab/slapd.conf -h 'ldap://0.0.0.0/ ldap://[::]/' -u openldap -g openldap",
  ];
  return {
    files: [
      { path: '/etc/mailward-lab/slapd.conf', text: slapdConf, mode: 0o640, owner: 'root:openldap' },
      { path: '/etc/mailward-lab/users.ldif', text: usersLdif(input.plan), mode: 0o600 },
    ],
    volumes: [dataVolume],
    services: [{ name: 'directory', start: start.join('\n'), listens: [{ protocol: 'tcp', port: 389 }] }],
    extraNumbers: [],
  };
}

const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile /run/slapd/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
maxsize 33554432
suffix "${directoryBase}"
rootdn "${directoryUser}"
rootpw ${directoryPassword}
directory /var/lib/ldap
index objectClass,mail,ou,cn eq
`;

/** LDIF (RFC 2849): every mailbox, and the aliases as roles whose description is where their mail goes. */
function usersLdif(plan: LabPlan): string {
  const domains = [...new Set(hostsOf(plan, 'mail').flatMap((host) => host.domains))];
  const entry = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
  const users = mailboxesOf(plan, domains).map(({ address }) => {
    const [name = '', domain = ''] = address.split('@');
    const person = [`cn: ${name}`, `sn: ${name}`, `ou: ${domain}`, `mail: ${address}`];
    return entry([
      `dn: mail=${address},${directoryBase}`,
      'objectClass: inetOrgPerson',
      ...person,
      `userPassword: ${mailboxPassword}`,
    ]);
  });
  const role = (address: string, goesTo: readonly string[]): string =>
    entry([
      `dn: cn=${address},${directoryBase}`,
      'objectClass: organizationalRole',
      `cn: ${address}`,
      ...goesTo.map((other) => `description: ${other}`),
    ]);
  const aliases = domains.flatMap((domain) => [
    role(`postmaster@${domain}`, [`u1@${domain}`]),
    role(
      `team@${domain}`,
      ['u1', 'u2', 'u3'].map((name) => `${name}@${domain}`),
    ),
  ]);
  const base = entry([
    `dn: ${directoryBase}`,
    'objectClass: dcObject',
    'objectClass: organization',
    'dc: directory',
    'o: lab',
  ]);
  return [base, ...users, ...aliases].join('\n');
}
