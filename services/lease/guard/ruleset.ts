// The guard's rules as nftables text. One table a group and family: closed unless the one element of its set `gate` lives, and
// the gate's timeout is what is left of the lease. All addresses of a group are open or closed together, as its lease is one.
import { isIPv6 } from 'node:net';
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { bareAddress } from '../../protocol/lease-config.ts';

export const tableOf = (group: string): string => `mailward_${group.replaceAll('-', '_')}`;
/** The second copy, see `shutLines`. */
const shutTableOf = (group: string): string => `mailwardshut_${group.replaceAll('-', '_')}`;

/** Before connection tracking and address translation: packets redirected to a container never reach the input hook. */
const beforeAll = -450;
/** After address translation: answers of a container carry the group's address only from there on. */
const afterTranslation = 300;
/** Before any flowtable, whose hook is at a priority of its owner's choice, `filter` as a rule. */
const beforeFlowtables = -500;

/** `fd00::9` as the 128-bit number that a raw payload match compares with. */
export function ipv6Number(address: string): string {
  const [head = '', tail] = bareAddress(address).split('::');
  const groupsOf = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0');
  return `0x${[...first, ...zeros, ...last].map((part) => part.padStart(4, '0')).join('')}`;
}

const listOf = (values: readonly string[]): string => `{ ${values.join(', ')} }`;

type Direction = 'daddr' | 'saddr';

/** What a table of family inet or netdev lets pass only while `gate`, an end of a rule, does not match; empty: never. */
function packetRules(addresses: readonly string[], direction: Direction, gate: string): string[] {
  const neighbour = direction === 'daddr' ? 'nd-neighbor-solicit' : 'nd-neighbor-advert';
  const v4 = addresses.filter((address) => !isIPv6(address));
  const v6 = addresses.filter((address) => isIPv6(address));
  return [
    ...(v4.length > 0 ? [`ip ${direction} ${listOf(v4)} ${gate}drop`] : []),
    ...(v6.length > 0 ? [`ip6 ${direction} ${listOf(v6)} ${gate}drop`] : []),
    // nftables 1.0.6 does not know the target field of neighbour discovery (RFC 4861 4.3): it is the 16 bytes after 8.
    ...v6.map((address) => `icmpv6 type ${neighbour} @th,64,128 ${ipv6Number(address)} ${gate}drop`),
  ];
}
function arpRules(addresses: readonly string[], direction: Direction, gate: string): string[] {
  const v4 = addresses.filter((address) => !isIPv6(address));
  return v4.length > 0 ? [`arp ${direction} ip ${listOf(v4)} ${gate}drop`] : [];
}

/** A chain at its hook, made new; or its rules made anew where it stands, which the kernel refuses when it does not. */
type Chain = (table: string, name: string, hook: string, rules: readonly string[]) => string[];
const addRules = (table: string, name: string, rules: readonly string[]): string[] =>
  rules.map((rule) => `add rule ${table} ${name} ${rule}`);
const newChain: Chain = (table, name, hook, rules) =>
  rules.length === 0
    ? []
    : [`add chain ${table} ${name} { type filter hook ${hook}; policy accept; }`, ...addRules(table, name, rules)];
const refilledChain: Chain = (table, name, _hook, rules) =>
  rules.length === 0 ? [] : [`flush chain ${table} ${name}`, ...addRules(table, name, rules)];
const removal = (table: string, flags = ''): string[] => [`add table ${table}${flags}`, `delete table ${table}`];

/** Chains of one copy of the rules; `gate` by family. */
function hookStatements(
  table: string,
  addresses: readonly string[],
  gate: { readonly inet: string; readonly arp: string },
  chain: Chain = newChain,
): string[] {
  return [
    ...chain(`inet ${table}`, 'arrive', `prerouting priority ${beforeAll}`, packetRules(addresses, 'daddr', gate.inet)),
    ...chain(`inet ${table}`, 'answer', `output priority ${beforeAll}`, packetRules(addresses, 'saddr', gate.inet)),
    ...chain(
      `inet ${table}`,
      'leave',
      `postrouting priority ${afterTranslation}`,
      packetRules(addresses, 'saddr', gate.inet),
    ),
    ...chain(`arp ${table}`, 'arrive', 'input priority 0', arpRules(addresses, 'daddr', gate.arp)),
    ...chain(`arp ${table}`, 'answer', 'output priority 0', arpRules(addresses, 'saddr', gate.arp)),
  ];
}

/** The statements that make a group's tables anew, closed: each is whole, so that they can stand on one line. */
function tableStatements(group: string, addresses: readonly string[]): string[] {
  const table = tableOf(group);
  return [
    ...[...removal(`inet ${table}`), `add table inet ${table}`],
    `add set inet ${table} gate { type nf_proto; flags timeout; }`,
    `add set inet ${table} arms { type mark . mark; flags timeout; }`,
    ...[...removal(`arp ${table}`), `add table arp ${table}`],
    `add set arp ${table} gate { type ether_type; flags timeout; }`,
    ...hookStatements(table, addresses.map(bareAddress), gates),
  ];
}
const gates = { inet: 'meta nfproto != @gate ', arp: 'arp ptype != @gate ' };

const addressesOf = (group: LeaseGroupConfig): string[] => group.addresses.map(({ address }) => address);

/** For `nft -f`, before the network is up: every address of the group closed. */
export const renderBootRules = (group: LeaseGroupConfig): string =>
  `${tableStatements(group.name, addressesOf(group)).join('\n')}\n`;

/** One transaction: rules as at boot, nothing open, no arm. */
export const closeLine = (group: LeaseGroupConfig): string =>
  tableStatements(group.name, addressesOf(group)).join('; ');

/**
 * One transaction: nothing open, no arm, and the rules made anew in the chains that stand, so that it proves them even after a foreign
 * `flush table`; refused where a chain or a set is gone. Unlike making the tables anew it registers no hooks, which takes the kernel
 * many milliseconds on a busy machine.
 */
export function emptyLine(group: LeaseGroupConfig, laid: { readonly device: boolean }): string {
  const table = tableOf(group.name);
  const sets = [`inet ${table} gate`, `inet ${table} arms`, `arp ${table} gate`];
  return [
    ...[...sets, ...(laid.device ? [`netdev ${table} gate`] : [])].map((set) => `flush set ${set}`),
    ...hookStatements(table, addressesOf(group).map(bareAddress), gates, refilledChain),
    ...(laid.device ? deviceChains(group, refilledChain) : []),
  ].join('; ');
}

/** Tables that not every kernel takes: anew and closed, and gone. */
type ExtraLines = { readonly make: string; readonly remove: string };

/**
 * The rules at the devices themselves, closed: before a flowtable takes packets past the other hooks, and behind whoever sends raw
 * frames. Apart from the others, because the kernel refuses them where a device is missing or hooks at egress are (before 5.16).
 */
export function deviceLines(group: LeaseGroupConfig): ExtraLines {
  const table = `netdev ${tableOf(group.name)}`;
  const make = [
    ...[...removal(table), `add table ${table}`, `add set ${table} gate { type ether_type; flags timeout; }`],
    ...deviceChains(group, newChain),
  ];
  return { make: make.join('; '), remove: removal(table).join('; ') };
}
function deviceChains(group: LeaseGroupConfig, chain: Chain): string[] {
  const table = `netdev ${tableOf(group.name)}`;
  const addresses = addressesOf(group).map(bareAddress);
  const devices = listOf([...new Set(group.addresses.map(({ device }) => `"${device}"`))]);
  const gate = 'meta protocol != @gate ';
  const rules = (direction: Direction) => [
    ...arpRules(addresses, direction, gate),
    ...packetRules(addresses, direction, gate),
  ];
  return [
    ...chain(table, 'enter', `ingress devices = ${devices} priority ${beforeFlowtables}`, rules('daddr')),
    ...chain(table, 'depart', `egress devices = ${devices} priority 0`, rules('saddr')),
  ];
}

/**
 * A second copy of the rules for as long as nothing is held. It belongs to the process that writes it (nft(8), `flags owner`), so a
 * `flush ruleset` of anybody else leaves it; it goes with that process, and then the first copy stands.
 */
export function shutLines(group: LeaseGroupConfig): ExtraLines {
  const table = shutTableOf(group.name);
  const remove = ['inet', 'arp'].flatMap((family) => removal(`${family} ${table}`, ownedByWriter));
  const make = [
    ...remove,
    ...['inet', 'arp'].map((family) => `add table ${family} ${table}${ownedByWriter}`),
    ...hookStatements(table, addressesOf(group).map(bareAddress), { inet: '', arp: '' }),
  ];
  return { make: make.join('; '), remove: remove.join('; ') };
}
const ownedByWriter = ' { flags owner; }';

/** A key has up to 53 bits: two marks of 32. */
const armElement = (key: number): string => `{ ${Math.floor(key / 2 ** 32)} . ${key % 2 ** 32} }`;

export function armLine(group: string, key: number, forMs: number): string {
  const element = armElement(key).replace(' }', ` timeout ${Math.floor(forMs)}ms }`);
  return `add element inet ${tableOf(group)} arms ${element}`;
}

/**
 * Opens, or keeps open, for `timeoutMs` from when the kernel takes it; the kernel refuses the line whole when the arm is gone.
 * An element's timeout is only set when it is made, so it is made anew within the transaction.
 */
export function fireLine(
  group: string,
  key: number,
  timeoutMs: number,
  laid: { readonly device: boolean; readonly shut: boolean },
): string {
  const table = tableOf(group);
  const renew = (family: string, elements: readonly string[]) => {
    const gate = `element ${family} ${table} gate`;
    const timed = elements.map((element) => `${element} timeout ${Math.floor(timeoutMs)}ms`);
    return [`add ${gate} ${listOf(elements)}`, `delete ${gate} ${listOf(elements)}`, `add ${gate} ${listOf(timed)}`];
  };
  const shut = shutTableOf(group);
  return [
    ...renew('inet', ['ipv4', 'ipv6']),
    ...renew('arp', ['ip']),
    ...(laid.device ? renew('netdev', ['ip', 'ip6', 'arp']) : []),
    ...(laid.shut ? ['inet', 'arp'].flatMap((family) => removal(`${family} ${shut}`, ownedByWriter)) : []),
    `delete element inet ${table} arms ${armElement(key)}`,
  ].join('; ');
}
