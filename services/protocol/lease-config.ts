// The YAML file of a lease process: its groups, their voters and addresses. What cannot work is refused here, before
// anything starts, with the place and what would be right.
import { z } from 'zod';
import { leaseLimits } from './lease.ts';

export const leaseConfigLimits = {
  groupsMax: 16,
  /** Voters and those that may become voters: an address book, of which at most `votersMax` vote. */
  peersMax: 32,
  addressesMax: 32,
  servicesMax: 16,
  keyBytesMin: 16,
} as const;

/** A, F and the round trip that the operator promises, by kind of network. */
export const leasePresets = {
  lan: { advertMs: 100, freezeMs: 0, rttMs: 2 },
  cloud: { advertMs: 1000, freezeMs: 500, rttMs: 20 },
  wan: { advertMs: 5000, freezeMs: 2000, rttMs: 200 },
} as const;

const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'A name is 1–31 of a–z, 0–9 and -, and begins with a letter');
const port = z.number().int().min(1).max(65_535);
const host = z.union([z.ipv4(), z.ipv6()], 'A voter has one fixed unicast address: give it as numbers, not as a name');
const label = z.string().min(1).max(64).optional();
const deviceName = z.string().regex(/^[^\s/"';{}]{1,15}$/, 'A network device has a name of 1–15 characters');

const keySchema = z
  .strictObject({
    /** Travels in every datagram, so that a key can be replaced while the group runs. */
    id: z.number().int().min(1).max(255),
    /** Base64. */
    secret: z.base64().optional(),
    secretFile: z.string().min(1).max(4096).optional(),
  })
  .refine(
    (key) => (key.secret === undefined) !== (key.secretFile === undefined),
    'A key has either secret (base64) or secretFile',
  );

/** Of a member, and of a witness, which may stand on the machine of a member's agent or of control. */
export const leasePorts = { member: 7401, witness: 7402 } as const;

const voterShape = z.strictObject({
  /** Never used again within one incarnation of the group. */
  number: z.number().int().min(1).max(255),
  node: z.string().min(1).max(253),
  host,
  /** 7401, and 7402 for a witness, unless given. */
  port: port.optional(),
  /** A witness votes and never holds. */
  witness: z.boolean().default(false),
  priority: z.number().int().min(1).max(254).default(100),
  /** False: known, and no voter until `mailward failover voters add` makes it one. */
  votes: z.boolean().default(true),
  site: label,
  rack: label,
  hypervisor: label,
});
const voterSchema = voterShape.transform((voter) => ({
  ...voter,
  port: voter.port ?? (voter.witness ? leasePorts.witness : leasePorts.member),
}));
export type LeaseVoterConfig = z.infer<typeof voterSchema>;

const addressSchema = z.strictObject({
  /** With its prefix length; a host route (/32, /128) when it has none. */
  address: z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'An IPv4 or IPv6 address, with or without /length'),
  device: deviceName,
});
export type LeaseAddressConfig = z.infer<typeof addressSchema>;

const serviceSchema = z
  .strictObject({
    name,
    pidFile: z.string().min(1).max(4096).optional(),
    /** TCP port that must be listened on. */
    port: port.optional(),
    /** What the service must say first, within `bannerWithinMs`: a throttled service accepts and says nothing. */
    banner: z.string().min(1).max(64).optional(),
    host: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
    pollMs: z.number().int().min(5).max(10_000).default(20),
    bannerEveryMs: z.number().int().min(100).max(60_000).default(1000),
    bannerWithinMs: z.number().int().min(50).max(30_000).default(1000),
    /** Taken from the priority while it fails; `hard`: the member may not hold at all. */
    weight: z.union([z.literal('hard'), z.number().int().min(1).max(253)]).default('hard'),
  })
  .refine((service) => service.pidFile !== undefined || service.port !== undefined, 'Watch a pidFile, a port, or both')
  .refine((service) => service.banner === undefined || service.port !== undefined, 'A banner needs a port');
export type LeaseServiceConfig = z.infer<typeof serviceSchema>;

const groupShape = z.strictObject({
  name,
  /** Drawn once when the group is made; datagrams and state of another incarnation are refused. */
  incarnation: z.uuid('A group has an incarnation: a UUID drawn once when it is made (uuidgen)'),
  preset: z.enum(['lan', 'cloud', 'wan']).default('cloud'),
  advertMs: z.number().min(10).max(60_000).optional(),
  freezeMs: z.number().min(0).max(60_000).optional(),
  rttMs: z.number().min(0.1).max(10_000).optional(),
  /** T; never below what A and F need. */
  leaseMs: z.number().min(25).max(600_000).optional(),
  /** No default: what happens without a majority is the operator's choice. */
  noMajority: z.enum(['hold-down', 'fail-static'], {
    error: 'Choose hold-down (never two owners) or fail-static (keeps the address when it hears nobody)',
  }),
  sharedStorage: z.boolean().default(false),
  /** `coarse`: where nftables is missing, only the address's lifetime ends ownership. */
  guard: z.enum(['kernel', 'coarse']).default('kernel'),
  /** Decides, explains, records, and touches nothing. The same for every voter of the group. */
  shadow: z.boolean().default(false),
  preempt: z.boolean().default(false),
  preemptDelayMs: z.number().min(0).max(3_600_000).default(0),
  lagMax: z.number().min(0).optional(),
  movesBudget: z.number().int().min(1).max(leaseLimits.movesMax).default(4),
  keys: z.array(keySchema).min(1).max(2, 'At most two keys: the one that comes and the one that goes'),
  voters: z.array(voterSchema).min(1).max(leaseConfigLimits.peersMax),
  addresses: z.array(addressSchema).max(leaseConfigLimits.addressesMax).default([]),
  services: z.array(serviceSchema).max(leaseConfigLimits.servicesMax).default([]),
});

/** The terms as the group will use them; durations in ms. */
export function leaseTermsOf(group: z.infer<typeof groupShape>): {
  readonly advertMs: number;
  readonly freezeMs: number;
  readonly rttMs: number;
  readonly leaseMs: number;
} {
  const preset = leasePresets[group.preset];
  const advertMs = group.advertMs ?? preset.advertMs;
  // An address whose lifetime is its only guard may outlive its lease by a second: one freeze more to allow for.
  const freezeMs = (group.freezeMs ?? preset.freezeMs) + (group.guard === 'coarse' ? 1000 : 0);
  const rttMs = group.rttMs ?? Math.min(preset.rttMs, advertMs / 10);
  return { advertMs, freezeMs, rttMs, leaseMs: group.leaseMs ?? 2.5 * advertMs + freezeMs / 0.8 };
}

/** `address` without its prefix length, in one spelling, so that equals are equal. */
export function bareAddress(address: string): string {
  const bare = address.split('/')[0] ?? '';
  return bare.includes(':') ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
}

type Fault = (path: readonly (string | number)[], message: string) => void;

function checkVoters(group: z.infer<typeof groupShape>, fault: Fault): void {
  const seen = new Map<string, string>();
  for (const [index, voter] of group.voters.entries()) {
    const claims = {
      number: `number ${voter.number}`,
      node: `node ${voter.node}`,
      host: `address ${bareAddress(voter.host)} port ${voter.port}`,
    };
    for (const [field, claim] of Object.entries(claims)) {
      const other = seen.get(claim);
      if (other !== undefined)
        fault(['voters', index, field], `${claim} is also that of voter ${other}; each has its own`);
      else seen.set(claim, String(voter.number));
    }
  }
  const voting = group.voters.filter((voter) => voter.votes);
  const members = voting.filter((voter) => !voter.witness);
  const { votersMax } = leaseLimits;
  if (members.length === 0) fault(['voters'], 'Nobody may hold: at least one voter is no witness');
  if (voting.length > votersMax) fault(['voters'], `${voting.length} voters; at most ${votersMax} vote`);
  if (voting.length === 2)
    fault(
      ['voters'],
      'Two voters have no majority once one is lost, so neither could take over: add a witness as the third',
    );
  if (voting.length === 1 && members.length === 1 && group.addresses.length > 0 && !group.shadow)
    fault(['voters'], 'One voter has nobody to hand over to: a group has at least three voters');
}

/** The guard closes a group's addresses wherever the group is not held: a voter that listens there would hear nobody. */
function checkAddresses(group: z.infer<typeof groupShape>, fault: Fault): void {
  for (const [index, { address }] of group.addresses.entries()) {
    const voter = group.voters.find(({ host }) => bareAddress(host) === bareAddress(address));
    if (voter !== undefined)
      fault(
        ['addresses', index],
        `${bareAddress(address)} is the fixed address of voter ${voter.number}; what moves is another address`,
      );
  }
}

function checkTerms(group: z.infer<typeof groupShape>, fault: Fault): void {
  const { advertMs, freezeMs, rttMs, leaseMs } = leaseTermsOf(group);
  if (advertMs < 4 * rttMs)
    fault(
      ['advertMs'],
      `A of ${advertMs} ms is too short for a round trip of ${rttMs} ms: at least ${4 * rttMs} ms, four round trips`,
    );
  const leaseMin = 2.5 * advertMs + freezeMs / 0.8;
  if (leaseMs < leaseMin)
    fault(['leaseMs'], `T of ${leaseMs} ms cannot be held: A and F need at least 2.5·A + F/0.8 = ${leaseMin} ms`);
  if (group.guard === 'coarse' && advertMs < 1000)
    fault(['advertMs'], 'Without nftables an address is guarded in whole seconds: A is at least 1000 ms then');
  if (group.sharedStorage && group.noMajority === 'fail-static')
    fault(['noMajority'], 'fail-static may have two owners, which corrupts shared storage: choose hold-down');
}

const groupSchema = groupShape.superRefine((group, context) => {
  const fault: Fault = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  checkVoters(group, fault);
  checkTerms(group, fault);
  checkAddresses(group, fault);
  const ids = group.keys.map((key) => key.id);
  if (new Set(ids).size < ids.length) fault(['keys'], 'Two keys have one id; each has its own');
});
export type LeaseGroupConfig = z.infer<typeof groupSchema>;

function portOf(config: {
  readonly node: string;
  readonly listen: { readonly port?: number | undefined };
  readonly groups: readonly { readonly voters: readonly LeaseVoterConfig[] }[];
}): number {
  const voters = config.groups.flatMap((group) => group.voters);
  return config.listen.port ?? voters.find((voter) => voter.node === config.node)?.port ?? leasePorts.member;
}

/** Everything a lease process is told. Paths are absolute or relative to where it starts. */
export const leaseConfigSchema = z
  .strictObject({
    /** Which of each group's voters this process is. */
    node: z.string().min(1).max(253),
    /** `observe-only` until the operator enables actions: it votes, explains, and never holds. */
    actions: z.enum(['observe-only', 'enabled']).default('observe-only'),
    listen: z
      .strictObject({
        host: z.union([z.ipv4(), z.ipv6()]).default('0.0.0.0'),
        /** That of the own voter unless given: the others send there. */
        port: port.optional(),
      })
      .prefault({}),
    /** Durable: the ceiling of promises, the voter set. */
    stateDir: z.string().min(1).max(4096).default('/var/lib/mailward/lease'),
    /** For one boot: what was granted and held. */
    runDir: z.string().min(1).max(4096).default('/run/mailward/lease'),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
    groups: z.array(groupSchema).min(1).max(leaseConfigLimits.groupsMax),
  })
  .superRefine((config, context) => {
    const seen = new Map<string, string>();
    const isV6 = config.listen.host.includes(':');
    for (const [index, group] of config.groups.entries()) {
      const path = ['groups', index];
      for (const [at, voter] of group.voters.entries())
        if (voter.host.includes(':') !== isV6)
          context.addIssue({
            ...{ code: 'custom', path: [...path, 'voters', at, 'host'] },
            message: `${voter.host} cannot be reached from ${config.listen.host}, where this process listens: use one IP version`,
          });
      const claims: readonly [string, string][] = [
        [`The name ${group.name}`, 'name'],
        [`The incarnation ${group.incarnation}`, 'incarnation'],
        ...group.addresses.map((each, at): [string, string] => [
          `The address ${bareAddress(each.address)}`,
          `addresses.${at}`,
        ]),
      ];
      for (const [claim, place] of claims) {
        const other = seen.get(claim);
        const message = `${claim} is also in group ${other}; it belongs to one group, once`;
        if (other !== undefined) context.addIssue({ code: 'custom', path: [...path, ...place.split('.')], message });
        else seen.set(claim, group.name);
      }
      const own = group.voters.find((voter) => voter.node === config.node);
      if (own === undefined)
        context.addIssue({
          code: 'custom',
          path: [...path, 'voters'],
          message: `None of the voters is ${config.node}, the node of this file`,
        });
      else if (own.port !== portOf(config))
        context.addIssue({
          code: 'custom',
          path: [...path, 'voters', group.voters.indexOf(own), 'port'],
          message: `The others send to port ${own.port}, and this process listens on ${portOf(config)}: give both one port`,
        });
      else if (!own.witness && group.addresses.length === 0)
        context.addIssue({ code: 'custom', path: [...path, 'addresses'], message: 'A member needs addresses to hold' });
    }
  })
  .transform((config) => ({ ...config, listen: { ...config.listen, port: portOf(config) } }));
export type LeaseConfig = z.infer<typeof leaseConfigSchema>;
