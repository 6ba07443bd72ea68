// The guard's rules as nftables text. One table a group and family: closed unless the one element of its set `gate` lives, and
// the gate's timeout is what is left of the lease. All addresses of a group are open or closed together, as its lease is one.
import { isIPv6 } from 'node:net';
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { bareAddress } from '../../protocol/lease-config.ts';

export const tableOf = (group: string): string => `mailward_${group.replaceAll('-', '_')}`;

/** Before connection tracking and address translation: packets redirected to a container never reach the input hook. */
const beforeAll = -450;
/** After address translation: answers of a container carry the group's address only from there on. */
const afterTranslation = 300;

/** `fd00::9` as the 128-bit number that a raw payload match compares with. */
export function ipv6Number(address: string): string {
  const [head = '', tail] = bareAddress(address).split('::');
  const groupsOf = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0');
  return `0x${[...first, ...zeros, ...last].map((part) => part.padStart(4, '0')).join('')}`;
}

const listOf = (values: readonly string[]): string => `{ ${values.join(', ')} }`;

/** The statements that make a group's tables anew, closed: each is whole, so that they can stand on one line. */
function tableStatements(group: string, addresses: readonly string[]): string[] {
  const table = tableOf(group);
  const bare = addresses.map(bareAddress);
  const v4 = bare.filter((address) => !isIPv6(address));
  const v6 = bare.filter((address) => isIPv6(address));
  const rules = (direction: 'daddr' | 'saddr', neighbour: 'nd-neighbor-solicit' | 'nd-neighbor-advert'): string[] => [
    ...(v4.length > 0 ? [`ip ${direction} ${listOf(v4)} meta nfproto != @gate drop`] : []),
    ...(v6.length > 0 ? [`ip6 ${direction} ${listOf(v6)} meta nfproto != @gate drop`] : []),
    // nftables 1.0.6 does not know the target field of neighbour discovery (RFC 4861 4.3): it is the 16 bytes after 8.
    ...v6.map((address) => `icmpv6 type ${neighbour} @th,64,128 ${ipv6Number(address)} meta nfproto != @gate drop`),
  ];
  const chain = (family: string, name: string, hook: string, priority: number, lines: readonly string[]): string[] => [
    `add chain ${family} ${table} ${name} { type filter hook ${hook} priority ${priority}; policy accept; }`,
    ...lines.map((line) => `add rule ${family} ${table} ${name} ${line}`),
  ];
  const remake = (family: string) => [
    `add table ${family} ${table}`,
    `delete table ${family} ${table}`,
    `add table ${family} ${table}`,
  ];
  const arp = (direction: 'daddr' | 'saddr') => [`arp ${direction} ip ${listOf(v4)} arp ptype != @gate drop`];
  return [
    ...remake('inet'),
    `add set inet ${table} gate { type nf_proto; flags timeout; }`,
    `add set inet ${table} arms { type mark . mark; flags timeout; }`,
    ...chain('inet', 'arrive', 'prerouting', beforeAll, rules('daddr', 'nd-neighbor-solicit')),
    ...chain('inet', 'answer', 'output', beforeAll, rules('saddr', 'nd-neighbor-advert')),
    ...chain('inet', 'leave', 'postrouting', afterTranslation, rules('saddr', 'nd-neighbor-advert')),
    ...remake('arp'),
    `add set arp ${table} gate { type ether_type; flags timeout; }`,
    ...(v4.length === 0
      ? []
      : [...chain('arp', 'arrive', 'input', 0, arp('daddr')), ...chain('arp', 'answer', 'output', 0, arp('saddr'))]),
  ];
}

const addressesOf = (group: LeaseGroupConfig): string[] => group.addresses.map(({ address }) => address);

/** For `nft -f`, before the network is up: every address of the group closed. */
export const renderBootRules = (group: LeaseGroupConfig): string =>
  `${tableStatements(group.name, addressesOf(group)).join('\n')}\n`;

/** One transaction: rules as at boot, nothing open, no arm. */
export const closeLine = (group: LeaseGroupConfig): string =>
  tableStatements(group.name, addressesOf(group)).join('; ');

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
export function fireLine(group: string, key: number, timeoutMs: number): string {
  const table = tableOf(group);
  const renew = (family: string, elements: readonly string[]) => {
    const gate = `element ${family} ${table} gate`;
    const timed = elements.map((element) => `${element} timeout ${Math.floor(timeoutMs)}ms`);
    return [`add ${gate} ${listOf(elements)}`, `delete ${gate} ${listOf(elements)}`, `add ${gate} ${listOf(timed)}`];
  };
  return [
    ...renew('inet', ['ipv4', 'ipv6']),
    ...renew('arp', ['ip']),
    `delete element inet ${table} arms ${armElement(key)}`,
  ].join('; ');
}
