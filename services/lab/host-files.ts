import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LabHost, LabPlan } from './topology.ts';

// What a host is made of, as plain data that a role returns; `up` writes it onto the host's disk before the host boots.

export type HostFile = {
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
  /** `user:group` by name, as the machine's own /etc/passwd knows them, or one of the lab's own. */
  readonly owner?: string;
};
/** A file system of its own, so that it can be full, read-only or without inodes while the others are not. */
export type HostVolume = {
  readonly name: string;
  readonly path: string;
  readonly sizeMiB: number;
  readonly mode: string;
  readonly owner?: string;
};
/** One daemon of a host, in the order of start. */
export type HostService = {
  readonly name: string;
  /** Shell text that prepares and then starts it. */
  readonly start: string;
  /** True when the program stays in the foreground and the start must not wait for it. */
  readonly foreground?: boolean;
  readonly listens: readonly Listener[];
};
export type Listener = { readonly protocol: 'tcp' | 'udp'; readonly port: number };
export type HostBuild = {
  readonly files: readonly HostFile[];
  readonly volumes: readonly HostVolume[];
  readonly services: readonly HostService[];
  /** Further addresses the host answers on. */
  readonly extraNumbers: readonly number[];
};
/** What every role gets to know. */
export type BuildInput = {
  readonly plan: LabPlan;
  readonly host: LabHost;
  readonly secrets: LabSecrets;
  /** When the lab is built, epoch ms. */
  readonly time: number;
};
export type LabSecrets = {
  readonly caPem: string;
  /** Full name → key, and chain (own certificate first, then the intermediate). */
  readonly tlsByFqdn: ReadonlyMap<string, { readonly keyPem: string; readonly chainPem: string }>;
  /** Chains for the same keys that nobody should trust, for faults to serve. */
  readonly badChainsByFqdn: ReadonlyMap<string, { readonly expiredPem: string; readonly otherNamePem: string }>;
  readonly dkimKeyPem: string;
  readonly dkimPublicBase64: string;
};

export const vmailId = 5000;
const ownIds: Readonly<Record<string, number>> = { vmail: vmailId };

export function writeHostFile(root: string, file: HostFile): void {
  const path = join(root, file.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.text, { mode: file.mode ?? 0o644 });
  if (file.owner !== undefined) chownSync(path, ...ownerIds(file.owner));
}

/** uid and gid of `user:group`; throws when this machine has no such user, which means that its package is missing. */
export function ownerIds(owner: string): [uid: number, gid: number] {
  const [user = '', group = user] = owner.split(':');
  return [ownIds[user] ?? idIn('/etc/passwd', user), ownIds[group] ?? idIn('/etc/group', group)];
}

function idIn(file: string, name: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`${file} has no ${name}`);
  return Number(line.split(':')[2]);
}
