import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';

// What a machine looks like from outside of the lab's own bookkeeping, for comparing before and after. Other programs of the
// machine mount, start and end things meanwhile, so a picture holds what a lab of this name could have made, and only that.

export type MachinePicture = {
  /** Mounts below the lab's folder, pinned namespaces among them, and its disks wherever they are. */
  readonly mounts: readonly string[];
  /** Cables, bridges and taps in the machine's own network. */
  readonly links: readonly string[];
  /** Addresses of the lab's networks, and routes to them. */
  readonly routes: readonly string[];
  /** Rules that speak of the lab's networks and cables, and tables that faults make. */
  readonly rules: readonly string[];
  /** Processes that name the lab, or do what its hosts do in a network that is not the machine's. */
  readonly processes: readonly string[];
  /** The name that a command holds while it changes the lab (unix(7), abstract). */
  readonly locks: readonly string[];
  readonly files: readonly string[];
};

const labsFolder = '/run/mailward-lab';
const linkKinds = ['veth', 'bridge', 'tun'];
/** What runs in hosts. A daemon clears its environment, so its network and its program are all that tells it. */
const hostPrograms = new Set(
  ['tini sleep dash bash node socat dnsmasq rsyslogd rspamd opendkim slapd nsenter unshare timeout', 'mariadbd mysqld']
    .join(' ')
    .split(' '),
);
const hostFolders = ['/usr/lib/postfix/', '/usr/lib/dovecot/', '/usr/sbin/dovecot'];

export function pictureMachine(lab: string): MachinePicture {
  const folder = `${labsFolder}/${lab}`;
  return {
    mounts: linesOf(readFileSync('/proc/self/mountinfo', 'utf8'))
      .filter((line) => line.includes(`${folder}/`) || line.includes(` mailward-lab-${lab} `))
      .toSorted(),
    links: readLinks().toSorted(),
    routes: ['-4', '-6']
      .flatMap((family) => linesOf(run('ip', family, 'route', 'show', 'table', 'all')))
      .filter((line) => /\b(10\.77\.|fd77:)/.test(line)),
    rules: linesOf(run('nft', 'list', 'ruleset')).filter((line) => /\b(10\.77\.|fd77:|fault_|p-)/.test(line)),
    processes: readProcesses(lab),
    locks: linesOf(readFileSync('/proc/net/unix', 'utf8')).filter((line) => line.endsWith(` @mailward-lab-${lab}`)),
    files: existsSync(folder) ? readdirSync(folder) : [],
  };
}

const linkSchema = z.object({
  ifname: z.string(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});

function readLinks(): readonly string[] {
  const links = z.array(linkSchema).parse(JSON.parse(run('ip', '-json', '-details', 'link')));
  return links.flatMap(({ ifname, linkinfo }) => (linkKinds.includes(linkinfo?.info_kind ?? '') ? [ifname] : []));
}

function readProcesses(lab: string): readonly string[] {
  const ownNetwork = readlinkSync('/proc/self/ns/net');
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        const named =
          commandLine.includes(`${labsFolder}/${lab}/`) || environment.split('\0').includes(`MAILWARD_LAB=${lab}`);
        const elsewhere = readlinkSync(`/proc/${pid}/ns/net`) !== ownNetwork;
        return named || (elsewhere && isHostProgram(readlinkSync(`/proc/${pid}/exe`))) ? [`${pid} ${commandLine}`] : [];
      } catch {
        // It ended between two of these reads, or belongs to the kernel.
        return [];
      }
    });
}

function isHostProgram(program: string): boolean {
  return hostPrograms.has(basename(program)) || hostFolders.some((folder) => program.startsWith(folder));
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
