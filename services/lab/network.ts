import { bridgeName, type LabPaths, namespaceFile, routerName } from './lab-paths.ts';
import { ipv4Of, ipv6Of, type LabHost, type LabPlan, networkOf, routerNumber } from './topology.ts';

// The wiring as `ip -batch` lines: a bridge in a namespace of its own for each place, a cable from it to each host, and a
// router between places. Both ends of a cable are made in the lab's namespaces, so no link ever exists in the machine's.

/** Namespaces of the plan, bridges first. */
export function namespacesOf(plan: LabPlan): readonly string[] {
  return [
    ...plan.places.map(({ name }) => bridgeName(name)),
    ...(hasRouter(plan) ? [routerName] : []),
    ...plan.hosts.map(({ name }) => name),
  ];
}

export const hasRouter = (plan: LabPlan): boolean => plan.places.length > 1;

/** The bridge end of a host's cable; faults cut it there. */
export const cableOf = (host: string): string => `p-${host}`;

export function bridgeLines(paths: LabPaths, plan: LabPlan, place: string): readonly string[] {
  const cable = (far: string, near: string, target: string) => [
    `link add ${near} mtu 1500 type veth peer name ${far} netns ${namespaceFile(paths, target)}`,
    `link set ${near} master br0 up`,
  ];
  return [
    'link set lo up',
    // Without snooping every multicast reaches every port, as VRRP expects; without a delay ports forward at once.
    'link add br0 type bridge mcast_snooping 0 forward_delay 0',
    'link set br0 up',
    ...plan.hosts.filter((host) => host.place === place).flatMap(({ name }) => cable('eth0', cableOf(name), name)),
    ...(hasRouter(plan) ? cable(place, cableOf(routerName), routerName) : []),
  ];
}

/** `extraNumbers` are further addresses of a host that plays several, with the host's own network. */
export function hostLines(plan: LabPlan, host: LabHost, extraNumbers: readonly number[]): readonly string[] {
  const network = networkOf(plan, host);
  const addresses = [host.number, ...extraNumbers].flatMap((number) => [
    `addr add ${ipv4Of(network, number)}/24 dev eth0`,
    `addr add ${ipv6Of(network, number)}/112 dev eth0 nodad`,
  ]);
  const routes = hasRouter(plan)
    ? [
        `route add default via ${ipv4Of(network, routerNumber)}`,
        `route add default via ${ipv6Of(network, routerNumber)}`,
      ]
    : [];
  return ['link set lo up', 'link set eth0 up', ...addresses, ...routes];
}

export function routerLines(plan: LabPlan): readonly string[] {
  return [
    'link set lo up',
    ...plan.places.flatMap(({ name, network }) => [
      `addr add ${ipv4Of(network, routerNumber)}/24 dev ${name}`,
      `addr add ${ipv6Of(network, routerNumber)}/112 dev ${name} nodad`,
      `link set ${name} up`,
    ]),
  ];
}
