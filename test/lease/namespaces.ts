// Two or more hosts on one bridge, each a network namespace `mw-lease-…` with its own address; removed by `remove`.
import { execFileSync } from 'node:child_process';

export const canMakeNamespaces = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('nft', ['--version'], { stdio: 'ignore' });
    execFileSync('socat', ['-V'], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'list'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

export type Network = {
  readonly hosts: readonly string[];
  /** The namespace of a host, and of the client, which is one more host. */
  readonly nameOf: (index: number) => string;
  /** The namespace of the bridge; host `index` hangs on its port `p<index>`. */
  readonly switchName: string;
  /** Runs a command in a namespace and gives what it wrote; throws when it fails. */
  readonly run: (index: number, command: readonly string[], input?: string) => string;
  /** The same where the bridge is; host `index` hangs on its port `p<index>`. */
  readonly runOnSwitch: (command: readonly string[], input?: string) => string;
  readonly remove: () => void;
};

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let networksMade = 0;

/** Hosts 10.99.0.1 … and fd99::1 …; the last one is the client. */
export function createNetwork(count: number): Network {
  networksMade += 1;
  const prefix = `mw-lease-${process.pid}${networksMade === 1 ? '' : `n${networksMade}`}`;
  const nameOf = (index: number) => `${prefix}-${index}`;
  const bridge = `${prefix}-sw`;
  const hosts = Array.from({ length: count }, (_, index) => `10.99.0.${index + 1}`);
  ip('netns', 'add', bridge);
  ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0', 'forward_delay', '0');
  ip('-n', bridge, 'link', 'set', 'br0', 'up');
  for (const [index, host] of hosts.entries()) {
    const name = nameOf(index);
    ip('netns', 'add', name);
    ip('link', 'add', `p${index}`, 'netns', bridge, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('-n', bridge, 'link', 'set', `p${index}`, 'master', 'br0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'address', 'add', `${host}/24`, 'dev', 'eth0');
    ip('-n', name, 'address', 'add', `fd99::${index + 1}/64`, 'dev', 'eth0', 'nodad');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  const runIn = (name: string, command: readonly string[], input?: string) =>
    execFileSync('ip', ['netns', 'exec', name, ...command], {
      ...{ encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] },
      ...(input === undefined ? {} : { input }),
    });
  return {
    ...{ hosts, nameOf, switchName: bridge },
    run: (index, command, input) => runIn(nameOf(index), command, input),
    runOnSwitch: (command, input) => runIn(bridge, command, input),
    remove: () => {
      for (const name of [...hosts.map((_, index) => nameOf(index)), bridge]) {
        try {
          ip('netns', 'delete', name);
        } catch {
          // It was not made, or is gone.
        }
      }
    },
  };
}
