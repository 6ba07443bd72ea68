import type { Fault } from '../fault.ts';
import { hold, letGo } from './daemons.ts';
import { delayPackets, stopDelaying } from './delayed-packets.ts';

const family = 'network';
/** A table of its own, so that healing is one deletion and the host's other rules stay. */
const rules = (name: string, ...lines: string[]): string =>
  `nft -f - <<'RULES'\ntable inet fault_${name} {\n${lines.join('\n')}\n}\nRULES`;
const input = (rule: string): string => `chain i { type filter hook input priority -200; policy accept; ${rule}; }`;
const output = (rule: string): string => `chain o { type filter hook output priority -200; policy accept; ${rule}; }`;
const removal = (name: string): string => `nft delete table inet fault_${name} 2>/dev/null || true`;

function networkFault(
  id: string,
  title: string,
  lines: readonly string[],
  rest: Pick<Fault, 'bites' | 'failureModes' | 'lookalikes'> & {
    readonly target?: Fault['target'];
    readonly after?: string;
    readonly needs?: Fault['needs'];
    readonly pastAgent?: true;
  },
): Fault {
  const { target = 'mail', after, ...truth } = rest;
  const name = id.replaceAll('-', '_');
  const heal = after === undefined ? removal(name) : `${removal(name)}; ${after}`;
  return { id, family, title, target, inject: rules(name, ...lines), heal, ...truth };
}

/** `verdict` befalls what the router passes on from or to the place of that name. */
function wanFault(
  id: string,
  title: string,
  verdict: string,
  truth: Pick<Fault, 'failureModes' | 'lookalikes'>,
): Fault {
  const name = id.replaceAll('-', '_');
  const rule = (side: string) => `${side} "$place" ${verdict}`;
  return {
    ...{ id, family, title, target: 'router', parameters: { place: 'east' } },
    inject: `nft -f - <<RULES\ntable inet fault_${name} {\nchain f { type filter hook forward priority -200; policy accept; ${rule('iifname')}; ${rule('oifname')}; }\n}\nRULES`,
    heal: removal(name),
    bites: { check: 'smtp' },
    ...truth,
  };
}

export const networkFaults: readonly Fault[] = [
  networkFault('host-cut', 'The host is cut off', [input('iifname "eth0" drop'), output('oifname "eth0" drop')], {
    bites: { check: 'smtp' },
    failureModes: ['sym-smtp-connect-timeouts', 'sys-packet-loss'],
    lookalikes: ['host-one-way', 'postfix-master-killed'],
    pastAgent: true,
  }),
  networkFault('host-one-way', 'The host hears and is not heard', [output('oifname "eth0" drop')], {
    bites: { check: 'smtp' },
    failureModes: ['sym-smtp-connect-timeouts', 'sys-packet-loss'],
    lookalikes: ['host-cut'],
    pastAgent: true,
  }),
  networkFault(
    'packet-loss',
    'Four of five packets are lost',
    [input('iifname "eth0" numgen random mod 10 < 8 drop')],
    {
      bites: { check: 'smtp' },
      failureModes: ['sys-packet-loss', 'pf-timeout-after-data'],
      lookalikes: ['host-cut', 'mtu-black-hole'],
      pastAgent: true,
    },
  ),
  networkFault(
    'mtu-black-hole',
    'Large packets vanish on the path',
    [output('oifname "eth0" meta length > 600 drop')],
    {
      bites: { check: 'imap' },
      failureModes: ['sys-mtu-blackhole'],
      lookalikes: ['packet-loss', 'certificate-expired'],
      pastAgent: true,
    },
  ),
  networkFault('smtp-port-blocked', 'Port 25 is blocked towards the host', [input('tcp dport 25 drop')], {
    bites: { check: 'smtp' },
    failureModes: ['sys-firewall-inbound'],
    lookalikes: ['postfix-master-killed', 'host-cut'],
  }),
  networkFault('imap-port-blocked', 'IMAP ports are blocked towards the host', [input('tcp dport { 143, 993 } drop')], {
    bites: { check: 'imap' },
    failureModes: ['sys-firewall-inbound'],
    lookalikes: ['dovecot-master-killed'],
  }),
  networkFault(
    'submission-port-blocked',
    'Submission ports are blocked towards the host',
    [input('tcp dport { 465, 587 } drop')],
    {
      bites: { check: 'submission' },
      failureModes: ['sys-firewall-inbound'],
      lookalikes: ['auth-socket-gone'],
    },
  ),
  networkFault(
    'smtp-out-blocked',
    'Port 25 is blocked from the host to the world',
    [output('oifname "eth0" tcp dport 25 drop')],
    {
      bites: { check: 'outbound' },
      failureModes: ['pf-out-port25-blocked'],
      lookalikes: ['resolver-killed', 'smtp-out-refused', 'relayhost-dead'],
      after: 'postqueue -f',
    },
  ),
  networkFault(
    'smtp-out-refused',
    'Connections to port 25 outside are refused',
    [output('oifname "eth0" tcp dport 25 reject with tcp reset')],
    {
      bites: { check: 'outbound' },
      failureModes: ['pf-out-conn-refused', 'pf-out-port25-blocked'],
      lookalikes: ['smtp-out-blocked'],
      after: 'postqueue -f',
    },
  ),
  networkFault('database-unreachable', 'The host reaches no database', [output('tcp dport 3306 drop')], {
    bites: { check: 'submission' },
    failureModes: ['dc-sql-connect-fail', 'my-gone-away', 'pf-mysql-connect'],
    lookalikes: ['databases-killed', 'database-password-wrong', 'databases-stopped'],
    needs: 'database',
  }),
  networkFault(
    'replication-blocked',
    'The two holders of the mailboxes cannot reach each other for replication',
    [input('tcp dport 12345 drop'), output('tcp dport 12345 drop')],
    {
      bites: { check: 'replication', shows: /other holder/ },
      failureModes: ['dc-dsync-fail', 'dc-dsync-queue'],
      lookalikes: ['replicator-stopped'],
      after: "doveadm replicator replicate -p high '*'",
      needs: 'peer',
    },
  ),
  networkFault('database-replication-blocked', 'The replica reaches no primary', [output('tcp dport 3306 drop')], {
    target: 'replica',
    bites: { check: 'replica' },
    failureModes: ['my-repl-io-stop'],
    lookalikes: ['replica-stopped', 'replica-lagging'],
    after: "mariadb -e 'STOP SLAVE; START SLAVE'",
  }),
  {
    ...{ id: 'host-slow-link', family, target: 'mail', title: 'Every packet of the host is on its way for seconds' },
    parameters: { delay_ms: '5000' },
    pastAgent: true,
    inject: delayPackets('output', 'oifname "eth0"'),
    heal: stopDelaying,
    bites: { check: 'smtp' },
    failureModes: ['sym-smtp-greeting-delay', 'sym-smtp-connect-timeouts', 'sys-packet-loss'],
    lookalikes: ['cpu-hog', 'packet-loss', 'host-cut'],
  },
  {
    ...{
      id: 'duplicate-address',
      family,
      target: 'bystander',
      title: 'Another host has taken the address of a mail host',
    },
    parameters: { ipv4: '10.77.1.11', ipv6: 'fd77::1:11' },
    // Each time the link comes up the kernel announces its addresses to all (ip-sysctl: arp_notify, ndisc_notify).
    inject: `echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_notify; echo 1 >/proc/sys/net/ipv6/conf/eth0/ndisc_notify; echo 1 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down
ip addr add "$ipv4/24" dev eth0; ip addr add "$ipv6/112" dev eth0 nodad
${hold('announcer', 'while :; do ip link set eth0 down; ip link set eth0 up; sleep 0.5; done')}`,
    heal: `${letGo('announcer')}; ip addr del "$ipv4/24" dev eth0 2>/dev/null; ip addr del "$ipv6/112" dev eth0 2>/dev/null; ip link set eth0 up; for f in ipv4/conf/eth0/arp_notify ipv6/conf/eth0/ndisc_notify ipv6/conf/eth0/keep_addr_on_down; do echo 0 >/proc/sys/net/$f; done`,
    bites: { check: 'smtp' },
    failureModes: ['ha-split-brain', 'sym-smtp-connect-refused'],
    lookalikes: ['postfix-master-killed', 'smtp-port-blocked'],
  },
  wanFault('wan-cut', 'The WAN link of a place is cut', 'drop', {
    failureModes: ['sym-smtp-connect-timeouts', 'sys-packet-loss'],
    lookalikes: ['wan-lossy', 'host-cut'],
  }),
  wanFault('wan-lossy', 'The WAN link of a place loses four of five packets', 'numgen random mod 10 < 8 drop', {
    failureModes: ['sys-packet-loss'],
    lookalikes: ['wan-cut', 'wan-slow', 'packet-loss'],
  }),
  {
    ...{ id: 'wan-slow', family, target: 'router', title: 'Packets are on the WAN link of a place for seconds' },
    parameters: { place: 'east', delay_ms: '5000' },
    inject: delayPackets('prerouting', 'iifname "$place"'),
    heal: stopDelaying,
    bites: { check: 'smtp' },
    failureModes: ['sym-smtp-greeting-delay', 'sym-smtp-connect-timeouts', 'sys-packet-loss'],
    lookalikes: ['wan-lossy', 'host-slow-link'],
  },
];
