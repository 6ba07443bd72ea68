// Delay without netem: marked packets are routed into a TUN device, wait in a relay in user space, and come out of a second
// TUN device, from where the host passes them on. All of it is the host's own, in its own network.

const mark = '0x77';
const table = '77';
const relay = 'main.ts delay';
const settings = [
  'net/ipv4/ip_forward=1',
  'net/ipv6/conf/all/forwarding=1',
  'net/ipv4/conf/all/rp_filter=0',
  'net/ipv4/conf/all/accept_local=1',
];
const saved = '/run/mailward-faults/delay.settings';
const proc = (line: string): string => `/proc/sys/${line.split('=')[0]}`;

/** Packets that `match` (nft(8)) selects at that hook are held for `$delay_ms`. Neighbours still find each other at once. */
export function delayPackets(hook: 'output' | 'prerouting', match: string): string {
  const type = hook === 'output' ? 'route' : 'filter';
  return `test -f ${saved} || { ${settings.map((line) => `echo "$(cat ${proc(line)}) ${proc(line)}"`).join('; ')}; } >${saved}
${settings.map((line) => `echo ${line.split('=')[1]} >${proc(line)}`).join('\n')}
test -c /dev/net/tun || { mkdir -p /dev/net; mknod -m 600 /dev/net/tun c 10 200; }
setsid socat -u UDP4-RECV:7702,bind=127.0.0.1 TUN,tun-name=delayout,iff-no-pi,iff-up >/dev/null 2>&1 </dev/null &
setsid node /opt/mailward/services/lab/main.ts delay 7701 7702 "$delay_ms" >/dev/null 2>&1 </dev/null &
setsid socat -u TUN,tun-name=delayin,iff-no-pi,iff-up UDP4-SENDTO:127.0.0.1:7701 >/dev/null 2>&1 </dev/null &
i=0; until test -d /sys/class/net/delayin && test -d /sys/class/net/delayout || [ $i -ge 50 ]; do i=$((i+1)); sleep 0.1; done
i=0; until ip route replace default dev delayin table ${table} && ip -6 route replace default dev delayin table ${table} || [ $i -ge 50 ]; do i=$((i+1)); sleep 0.1; done
ip rule add pref 100 fwmark ${mark} lookup ${table}; ip -6 rule add pref 100 fwmark ${mark} lookup ${table}
nft -f - <<RULES
table inet fault_delay {
chain c { type ${type} hook ${hook} priority -150; policy accept; iifname "delayout" accept; meta l4proto ipv6-icmp accept; ${match} meta mark set ${mark}; }
}
RULES`;
}

export const stopDelaying = `nft delete table inet fault_delay 2>/dev/null
pkill -f '${relay}'; pkill -f 'tun-name=delay(in|out)'
ip rule del pref 100 2>/dev/null; ip -6 rule del pref 100 2>/dev/null; ip route flush table ${table} 2>/dev/null; ip -6 route flush table ${table} 2>/dev/null
test -f ${saved} && while read -r value file; do echo "$value" >"$file"; done <${saved}
rm -f ${saved}`;
