import { join } from 'node:path';

/**
 * Where a lab keeps what it is. The path is also its mark: every mount and every namespace of a lab lies below its
 * folder, so that what stands can be found from the system alone.
 */
export type LabPaths = {
  readonly name: string;
  readonly folder: string;
  /** A tmpfs: the disks of all hosts, and what the lab knows of itself. */
  readonly disk: string;
  /** One file a network namespace, a bind mount that keeps it alive. */
  readonly namespaces: string;
  readonly recordFile: string;
  readonly bootFile: string;
};

export const labsFolder = '/run/mailward-lab';
/** Carries the lab's name in the environment of everything it starts. */
export const labMark = 'MAILWARD_LAB';

export function labPaths(name: string): LabPaths {
  const folder = join(labsFolder, name);
  const disk = join(folder, 'disk');
  return {
    name,
    folder,
    disk,
    namespaces: join(folder, 'net'),
    recordFile: join(disk, 'lab.json'),
    bootFile: join(disk, 'boot.sh'),
  };
}

export const namespaceFile = (paths: LabPaths, name: string): string => join(paths.namespaces, name);
export const hostFolder = (paths: LabPaths, host: string): string => join(paths.disk, host);
export const upperFolder = (paths: LabPaths, host: string): string => join(paths.disk, host, 'upper');
export const volumeFolder = (paths: LabPaths, host: string, volume: string): string =>
  join(paths.disk, host, 'volumes', volume);
/** Namespaces that are no host's: the bridge of each place, and the router between places. */
export const bridgeName = (place: string): string => `bridge.${place}`;
export const routerName = 'router';
