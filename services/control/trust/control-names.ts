import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { isLoopbackHost } from '../../runtime/loopback.ts';

/**
 * Host names and addresses for control's certificate, so that a browser or curl finds the one it asked for: this machine's, those
 * it listens on, and `names` of the configuration. Agents do not look at them.
 */
export function controlNames(host: string, names: readonly string[]): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  const listened = isIP(host) === 0 || isLoopbackHost(host) ? [host] : addresses;
  const all = ['localhost', '127.0.0.1', '::1', hostname(), ...listened, ...names];
  return [...new Set(all.map((name) => name.toLowerCase()))].filter((name) => !name.includes('%'));
}
