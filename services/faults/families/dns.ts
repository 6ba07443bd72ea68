import type { Fault } from '../fault.ts';
import { awaitEnd, keep, putBack } from './daemons.ts';
import { delayPackets, stopDelaying } from './delayed-packets.ts';

const family = 'dns';
const resolverConf = '/etc/mailward-lab/resolver.conf';
const restartResolver = `pkill -x dnsmasq; ${awaitEnd('dnsmasq')}; service_start resolver`;

export const dnsFaults: readonly Fault[] = [
  {
    ...{ id: 'resolver-killed', family, target: 'mail', title: 'The resolver of the host is down' },
    inject: 'pkill -9 -x dnsmasq',
    heal: 'pgrep -x dnsmasq >/dev/null || service_start resolver; postqueue -f',
    bites: { check: 'outbound' },
    failureModes: ['dns-resolver-down', 'pf-out-dns-tryagain'],
    lookalikes: ['resolver-stopped', 'chroot-resolver-stale', 'smtp-out-blocked'],
  },
  {
    ...{ id: 'resolver-stopped', family, target: 'mail', title: 'The resolver of the host does not answer' },
    inject: 'pkill -STOP -x dnsmasq',
    heal: 'pkill -CONT -x dnsmasq || true; postqueue -f',
    bites: { check: 'outbound' },
    failureModes: ['dns-resolver-down', 'dns-resolver-slow', 'pf-out-dns-tryagain'],
    lookalikes: ['resolver-killed'],
  },
  {
    ...{ id: 'resolver-wrong', family, target: 'mail', title: 'The resolver says that a destination does not exist' },
    inject: `echo 'address=/accept.test/' >>/etc/mailward-lab/resolver.conf; ${restartResolver}`,
    heal: `sed -i '/accept.test/d' /etc/mailward-lab/resolver.conf; ${restartResolver}; postqueue -f`,
    bites: { check: 'outbound' },
    failureModes: ['pf-out-dns-notfound'],
    lookalikes: ['resolver-killed'],
  },
  {
    ...{ id: 'chroot-resolver-stale', family, target: 'mail', title: "Postfix's chroot names a resolver that is gone" },
    inject: 'echo nameserver 10.99.0.9 >/var/spool/postfix/etc/resolv.conf; postfix reload',
    heal: 'cp /etc/resolv.conf /var/spool/postfix/etc/resolv.conf; postfix reload; postqueue -f',
    bites: { check: 'outbound' },
    failureModes: ['pf-chroot-resolv-stale'],
    lookalikes: ['resolver-killed', 'resolver-stopped'],
  },
  {
    ...{
      id: 'block-list-answers-everything',
      family,
      target: 'mail',
      title: 'A DNS block list answers for every client',
    },
    // An smtpd remembers what a list said of a client for as long as it lives; the reload ends that.
    inject: `echo 'address=/dnsbl.test/127.0.0.2' >>/etc/mailward-lab/resolver.conf; ${restartResolver}; postfix reload`,
    heal: `sed -i '/dnsbl.test/d' /etc/mailward-lab/resolver.conf; ${restartResolver}; postfix reload`,
    bites: { check: 'smtp', shows: /554|dnsbl/ },
    failureModes: ['pf-dnsbl-lists-everything', 'pf-dnsbl-reject'],
    lookalikes: ['recipients-inactive'],
  },
  {
    ...{ id: 'zones-server-killed', family, target: 'dns', title: 'The name server behind every resolver is down' },
    inject: 'pkill -9 -x dnsmasq',
    heal: 'pgrep -x dnsmasq >/dev/null || service_start dns',
    bites: { check: 'outbound' },
    failureModes: ['dns-resolver-down', 'pf-out-dns-tryagain'],
    lookalikes: ['resolver-killed'],
  },
  {
    ...{ id: 'resolver-servfail', family, target: 'mail', title: 'The resolver answers SERVFAIL: it cannot validate' },
    // It asks for signatures that the zones have not got (dnsmasq(8), dnssec-check-unsigned).
    inject: `${keep(resolverConf)}; printf 'dnssec\\ntrust-anchor=.,20326,8,2,E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\\ndnssec-check-unsigned\\n' >>${resolverConf}; ${restartResolver}`,
    heal: `${putBack(resolverConf)}; ${restartResolver}; postqueue -f`,
    bites: { check: 'outbound' },
    failureModes: ['dns-servfail-dnssec', 'pf-out-dns-tryagain'],
    lookalikes: ['resolver-killed', 'resolver-wrong'],
  },
  {
    ...{ id: 'resolver-slow', family, target: 'mail', title: 'The name server answers late' },
    parameters: { delay_ms: '6000' },
    inject: delayPackets('output', 'udp dport 53'),
    heal: `${stopDelaying}; postqueue -f`,
    bites: { check: 'outbound' },
    failureModes: ['dns-resolver-slow', 'pf-out-dns-tryagain'],
    lookalikes: ['resolver-stopped'],
  },
];
