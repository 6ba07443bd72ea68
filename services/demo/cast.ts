// Who takes part in the demo. Names and addresses are reserved for documentation (RFC 2606, RFC 5737): nothing here can
// be somebody's. On the wire everybody is on loopback; the logs show them under these names, as a real site's would.

/** One end of a connection as a log names it. */
export type Party = { readonly host: string; readonly ip: string; readonly helo: string };

export const domain = 'example.org';

export const nodeNames = ['mx1', 'mx2', 'mx3'] as const;
export type NodeName = (typeof nodeNames)[number];

/**
 * mx1 takes mail from the world and passes it through a content filter; mx2 takes mail from the world and, by submission, from
 * users and sends theirs out; mx3 holds the mailboxes. Two of the log formats a site meets are shown: rsyslog's ISO 8601
 * and the classic one (RFC 3164).
 */
export const nodes = {
  mx1: { host: 'mx1.example.org', ip: '198.51.100.11', timeFormat: 'iso', longQueueIds: false },
  mx2: { host: 'mx2.example.org', ip: '198.51.100.12', timeFormat: 'classic', longQueueIds: true },
  mx3: { host: 'mx3.example.org', ip: '198.51.100.13', timeFormat: 'iso', longQueueIds: false },
} as const satisfies Record<
  NodeName,
  { host: string; ip: string; timeFormat: 'iso' | 'classic'; longQueueIds: boolean }
>;

export const partyOf = (node: NodeName): Party => ({
  host: nodes[node].host,
  ip: nodes[node].ip,
  helo: nodes[node].host,
});
export const localhost: Party = { host: 'localhost', ip: '127.0.0.1', helo: 'localhost' };

/** Their password is the same; only the demo's own loopback servers ask for it. */
export const userPassword = 'demo';
export const users = ['alice', 'bob', 'carol', 'dave', 'erin', 'wei'] as const;
export type User = (typeof users)[number];
export const addressOf = (user: User): string => `${user}@${domain}`;
/** This mailbox is full: what comes for it bounces. */
export const fullUser: User = 'dave';
export const knownAddresses: ReadonlySet<string> = new Set(users.map(addressOf));

/** Where our users sit. */
export const desks: readonly [Party, ...Party[]] = [
  { host: 'laptop-1.office.example.org', ip: '198.51.100.101', helo: 'laptop-1' },
  { host: 'laptop-2.office.example.org', ip: '198.51.100.102', helo: 'laptop-2' },
  { host: 'unknown', ip: '203.0.113.77', helo: 'phone-7' },
];
/** An application that sends with a W3C trace context, so that a message can be found by the id of the request that sent it. */
export const application: Party = { host: 'app1.example.org', ip: '198.51.100.30', helo: 'app1.example.org' };

/** Servers of the world that send to us. */
export const senders: readonly [Party, ...Party[]] = [
  { host: 'mail-out.example.net', ip: '192.0.2.25', helo: 'mail-out.example.net' },
  { host: 'smtp3.example.com', ip: '192.0.2.83', helo: 'smtp3.example.com' },
  { host: 'lists.example.net', ip: '192.0.2.91', helo: 'lists.example.net' },
];
/** Hosts that nobody invited. */
export const intruders: readonly [Party, ...Party[]] = [
  { host: 'unknown', ip: '203.0.113.201', helo: 'win-7f3a' },
  { host: 'dsl-44.pool.example', ip: '203.0.113.44', helo: 'dsl-44.pool.example' },
];
/** The one of them that the block list knows. */
export const listedIp = '203.0.113.201';
export const blockList = 'zen.dnsbl.example';

/** How a domain of the world answers. */
export type RemoteMood = 'takes' | 'greylists' | 'unknown-user' | 'mailbox-full' | 'refuses';
export type RemoteDomain = { readonly host: string; readonly ip: string; readonly mood: RemoteMood };
export const remotes: Readonly<Record<string, RemoteDomain>> = {
  'example.net': { host: 'mx.example.net', ip: '192.0.2.10', mood: 'takes' },
  'example.com': { host: 'mx2.example.com', ip: '192.0.2.20', mood: 'takes' },
  'slow.example': { host: 'mx.slow.example', ip: '203.0.113.10', mood: 'greylists' },
  'gone.example': { host: 'mx.gone.example', ip: '203.0.113.20', mood: 'unknown-user' },
  'full.example': { host: 'mx.full.example', ip: '203.0.113.30', mood: 'mailbox-full' },
  'down.example': { host: 'mx.down.example', ip: '203.0.113.66', mood: 'refuses' },
};

const everyParty = [...desks, application, ...senders, ...intruders, ...nodeNames.map(partyOf)];
const partiesByHelo = new Map(everyParty.map((party) => [party.helo, party]));
/** Who says this HELO name; a stranger, for instance a person who tries the demo by hand, is on loopback. */
export function partyByHelo(helo: string): Party {
  return partiesByHelo.get(helo) ?? { ...localhost, helo };
}
