// The size of a mail store by domain, counted a little at a time: a store of ten million files takes hours and nobody notices.
import type { Dir } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../bounded-read.ts';

/** Bounds of the walk of one store. */
export const storeWalkLimits = {
  /** Directory entries looked at in one step. */
  entriesPerStepMax: 2_000,
  /** Domains that are counted apart; the rest is counted under `other`. */
  domainsMax: 500,
  /** Directories below the domain; deeper ones are left out. */
  depthMax: 16,
} as const;
export type StoreWalkLimits = { readonly [K in keyof typeof storeWalkLimits]: number };

export type DomainSize = { bytes: number; files: number };
export type StoreCount = ReadonlyMap<string, DomainSize>;

/**
 * Walks `path`, whose first level is one directory for each domain (`/var/vmail/example.com/user/…`). Files that lie beside
 * the domains count under the empty name. A directory that cannot be read or goes away meanwhile is left out.
 */
export function createStoreWalk(path: string, limits: StoreWalkLimits = storeWalkLimits) {
  let counted: StoreCount | undefined;
  let walk: { open: { dir: Dir; domain: string }[]; sizes: Map<string, DomainSize> } | undefined;

  async function openFolder(folder: string): Promise<Dir | undefined> {
    try {
      return await opendir(folder, { bufferSize: 256 });
    } catch (error) {
      if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
      throw error;
    }
  }

  async function stop(): Promise<void> {
    const open = walk?.open ?? [];
    walk = undefined;
    for (const { dir } of open) await dir.close();
  }

  /** Goes on for at most one step; true when a full count was finished in it. */
  async function step(signal: AbortSignal): Promise<boolean> {
    if (walk === undefined) {
      const top = await openFolder(path);
      if (top === undefined) {
        counted = undefined;
        return true;
      }
      walk = { open: [{ dir: top, domain: '' }], sizes: new Map() };
    }
    let entries = limits.entriesPerStepMax;
    for (let at = walk.open.at(-1); at !== undefined; at = walk.open.at(-1)) {
      if (entries-- <= 0 || signal.aborted) return false;
      const entry = await at.dir.read();
      if (entry === null) {
        walk.open.pop();
        await at.dir.close();
      } else if (entry.isDirectory()) {
        const isDomain = walk.open.length === 1;
        const below = walk.open.length <= limits.depthMax ? await openFolder(join(at.dir.path, entry.name)) : undefined;
        if (below !== undefined) walk.open.push({ dir: below, domain: isDomain ? entry.name : at.domain });
      } else if (entry.isFile()) {
        const size = sizeOf(walk.sizes, at.domain);
        size.files++;
        size.bytes += sizeInName(entry.name) ?? (await sizeOnDisk(join(at.dir.path, entry.name)));
      }
    }
    counted = walk.sizes;
    walk = undefined;
    return true;
  }

  function sizeOf(sizes: Map<string, DomainSize>, domain: string): DomainSize {
    const name = sizes.has(domain) || sizes.size < limits.domainsMax ? domain : 'other';
    const size = sizes.get(name) ?? { bytes: 0, files: 0 };
    sizes.set(name, size);
    return size;
  }

  return { step, count: () => counted, stop };
}

/** Dovecot writes a message's size into its file name (`…,S=1234,W=1260:2,S`), which saves the look at the file. */
export function sizeInName(name: string): number | undefined {
  const bytes = /,S=(\d{1,15})(?:[,:]|$)/.exec(name)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

async function sizeOnDisk(file: string): Promise<number> {
  try {
    return (await lstat(file)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
