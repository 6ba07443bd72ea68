import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Folders watched at most; the poll covers the rest. */
const foldersMax = 100;

/**
 * Calls `onChange` when something happens in a folder that `patterns` name. It may miss things and call for nothing (so
 * does inotify(7) when its queue overflows or a folder is on a network): a poll stays the safety net. `refresh` takes up
 * folders that have appeared since.
 */
export function watchFolders(patterns: readonly string[], onChange: () => void) {
  const folders = new Set(patterns.map((pattern) => dirname(pattern)).filter((folder) => !/[*?[{]/.test(folder)));
  const prefixes = patterns.map((pattern) => basename(pattern).replace(/[*?[{].*$/, ''));
  const watcherByFolder = new Map<string, FSWatcher>();
  const drop = (folder: string) => {
    watcherByFolder.get(folder)?.close();
    watcherByFolder.delete(folder);
  };
  const refresh = () => {
    for (const folder of [...folders].slice(0, foldersMax)) {
      if (watcherByFolder.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, (_event, name) => {
          if (name === null || prefixes.some((prefix) => name.startsWith(prefix))) onChange();
        });
        watcher.on('error', () => drop(folder));
        watcherByFolder.set(folder, watcher);
      } catch {
        // Not there, or no watch left: the poll goes on, and the next refresh tries again.
      }
    }
  };
  refresh();
  return {
    refresh,
    stop: () => {
      for (const folder of [...watcherByFolder.keys()]) drop(folder);
    },
  };
}
