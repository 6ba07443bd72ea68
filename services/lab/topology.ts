import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { labHostNameSchema } from '../protocol/lab-request.ts';
import { readConfigFile } from '../runtime/config-file.ts';

// A topology is a YAML file: places, hosts and what each host is. Everything else (addresses, names, peers' addresses)
// follows from it, so that a file stays short enough to be read at a glance.

const hostsMax = 40;
const placesMax = 8;
const mailboxesMax = 5000;
/** Sinks take the numbers after their host's own; see roles/remote.ts. */
const numberMax = 250;

const placeSchema = z.strictObject({
  /** Third octet of the IPv4 network and fourth group of the IPv6 network of the place. */
  network: z.int().min(1).max(250),
});

export const hostRoles = ['mail', 'database', 'directory', 'dns', 'remote', 'witness', 'control', 'client'] as const;
const hostSchema = z.strictObject({
  role: z.enum(hostRoles),
  place: z.string(),
  /** Last part of both of the host's addresses. */
  number: z.int().min(2).max(numberMax),
  /** Mail hosts: domains whose mailboxes live here. */
  domains: z.array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/)).default([]),
  /** Mail hosts: where their users are; in the databases if there are any, unless it says otherwise, or else in files. */
  users: z.enum(['directory']).optional(),
  /** Mail hosts: the host that holds the same mailboxes. Database hosts: the primary that this one follows. */
  replicaOf: labHostNameSchema.optional(),
});

export const topologySchema = z
  .strictObject({
    domain: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
    /** Mailboxes in each domain, named u1, u2 and so on. */
    mailboxes: z.int().min(1).max(mailboxesMax),
    places: z.record(z.string().regex(/^[a-z][a-z0-9]{0,7}$/), placeSchema),
    hosts: z.record(labHostNameSchema, hostSchema),
  })
  .superRefine((topology, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const hosts = Object.entries(topology.hosts);
    if (hosts.length > hostsMax) fault(['hosts'], `at most ${hostsMax} hosts`);
    if (Object.keys(topology.places).length > placesMax) fault(['places'], `at most ${placesMax} places`);
    const networks = Object.values(topology.places).map(({ network }) => network);
    if (new Set(networks).size < networks.length) fault(['places'], 'two places share a network');
    for (const role of ['dns', 'control', 'client', 'remote', 'directory'] as const)
      if (hosts.filter(([, host]) => host.role === role).length > 1) fault(['hosts'], `more than one host is ${role}`);
    if (!hosts.some(([, host]) => host.role === 'dns')) fault(['hosts'], 'one host must be dns');
    const taken = new Map<string, string>();
    for (const [name, host] of hosts) {
      if (topology.places[host.place] === undefined) fault(['hosts', name, 'place'], `no place is named ${host.place}`);
      const key = `${host.place} ${host.number}`;
      const other = taken.get(key);
      if (other !== undefined) fault(['hosts', name, 'number'], `${other} has this number already`);
      taken.set(key, name);
      if (host.users === 'directory' && !hosts.some(([, other]) => other.role === 'directory'))
        fault(['hosts', name, 'users'], 'no host has the role directory');
      const peer = host.replicaOf === undefined ? undefined : topology.hosts[host.replicaOf];
      if (host.replicaOf !== undefined && (peer?.role !== host.role || host.replicaOf === name))
        fault(['hosts', name, 'replicaOf'], `${host.replicaOf} is no other host of the role ${host.role}`);
    }
  });
export type Topology = z.infer<typeof topologySchema>;
export type HostRole = (typeof hostRoles)[number];
const userPlaces = ['files', 'database', 'directory'] as const;
export type UserPlace = (typeof userPlaces)[number];

export type LabHost = {
  readonly name: string;
  /** Full name in the lab's own zone. */
  readonly fqdn: string;
  readonly role: HostRole;
  readonly place: string;
  readonly number: number;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly domains: readonly string[];
  /** Mail: where its users are. */
  readonly users: UserPlace;
  /** Mail: the other holder of the same mailboxes, on both hosts of the pair. Database: the primary, on the replica. */
  readonly peer: string | undefined;
};

/** A topology with everything worked out. */
export type LabPlan = {
  readonly domain: string;
  readonly mailboxes: number;
  readonly places: readonly { readonly name: string; readonly network: number }[];
  readonly hosts: readonly LabHost[];
};

export function planTopology(topology: Topology): LabPlan {
  const hasDatabase = Object.values(topology.hosts).some(({ role }) => role === 'database');
  const hosts = Object.entries(topology.hosts).map(([name, host]): LabHost => {
    const network = topology.places[host.place]?.network ?? 0;
    const pointsHere = Object.entries(topology.hosts).find(([, other]) => other.replicaOf === name)?.[0];
    const owner = host.replicaOf === undefined ? host : topology.hosts[host.replicaOf];
    return {
      name,
      fqdn: `${name}.${topology.domain}`,
      role: host.role,
      place: host.place,
      number: host.number,
      ipv4: ipv4Of(network, host.number),
      ipv6: ipv6Of(network, host.number),
      domains: host.domains.length > 0 ? host.domains : (owner?.domains ?? []),
      users: owner?.users ?? (hasDatabase ? 'database' : 'files'),
      peer: host.role === 'mail' ? (host.replicaOf ?? pointsHere) : host.replicaOf,
    };
  });
  const places = Object.entries(topology.places).map(([name, { network }]) => ({ name, network }));
  return { domain: topology.domain, mailboxes: topology.mailboxes, places, hosts };
}

export const ipv4Of = (network: number, number: number): string => `10.77.${network}.${number}`;
export const ipv6Of = (network: number, number: number): string => `fd77::${network}:${number}`;
/** Where the router between places stands in each of them. */
export const routerNumber = 254;

export function networkOf(plan: LabPlan, host: LabHost): number {
  return plan.places.find(({ name }) => name === host.place)?.network ?? 0;
}

export function hostsOf(plan: LabPlan, role: HostRole): readonly LabHost[] {
  return plan.hosts.filter((host) => host.role === role);
}

/** Throws `not-found` with the names that exist. */
export function hostNamed(plan: LabPlan, name: string): LabHost {
  const host = plan.hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  const names = plan.hosts.map((candidate) => candidate.name).join(', ');
  throw new AppError('not-found', `No host of the lab is named ${name}`, { hint: `Hosts: ${names}` });
}

const shippedFolder = join(import.meta.dirname, 'topologies');
const shippedNames = ['default', 'pair', 'two-sites'];

/** `nameOrFile` is one of the shipped topologies or a YAML file; `bad-config` lists every fault with its line. */
export async function readTopology(nameOrFile: string): Promise<LabPlan> {
  const file = shippedNames.includes(nameOrFile) ? join(shippedFolder, `${nameOrFile}.yaml`) : nameOrFile;
  return planTopology(await readConfigFile(topologySchema, file));
}

/** A plan as `up` writes it down for the commands that follow. */
export const planSchema = z.object({
  domain: z.string(),
  mailboxes: z.number(),
  places: z.array(z.object({ name: z.string(), network: z.number() })),
  hosts: z.array(
    z.object({
      name: labHostNameSchema,
      fqdn: z.string(),
      role: z.enum(hostRoles),
      place: z.string(),
      number: z.number(),
      ipv4: z.string(),
      ipv6: z.string(),
      domains: z.array(z.string()),
      users: z.enum(userPlaces),
      peer: z
        .string()
        .optional()
        .transform((peer): string | undefined => peer),
    }),
  ),
});
