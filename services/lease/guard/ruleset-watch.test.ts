import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRulesetWatch } from './ruleset-watch.ts';

let folder: string;
const pathBefore = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-nft-'));
  process.env.PATH = `${folder}:${pathBefore}`;
});
afterEach(() => {
  process.env.PATH = pathBefore;
  rmSync(folder, { recursive: true, force: true });
});
/** Stands in for nft(8): what a listing says; a monitor says nothing, and ends with its input. */
const listing = (answer: string) =>
  writeFileSync(join(folder, 'nft'), `#!/bin/sh\ncase "$*" in monitor*) exec cat;; esac\n${answer}\n`, { mode: 0o755 });

test('rules that are gone or others are lost; a listing that fails says nothing of them', async () => {
  const told: string[] = [];
  const watch = createRulesetWatch('mail', {
    // Nothing is looked at again by itself.
    ...{ after: () => () => {}, every: () => () => {}, monotonicMs: () => performance.now() },
    ...{ guardsDevices: () => false, onLost: () => told.push('lost'), onFault: (what) => told.push(what) },
  });
  try {
    /** As long as it takes to list, and more: what was started before has ended. */
    const listed = async () => {
      for (const _ of [1, 2, 3]) await promisify(execFile)('nft', ['list']).catch(() => {});
    };
    const verified = async (answer: string) => {
      listing(answer);
      await expect
        .poll(async () => {
          if (told.length === 0) watch.verify();
          await listed();
          return told.length;
        })
        .toBe(1);
      return told.splice(0);
    };
    listing('echo "rules of $5"');
    watch.learn();
    await listed();
    expect(await verified('echo "Error: No such file or directory" >&2; exit 1')).toEqual(['lost']);
    expect(await verified('echo "Error: Out of memory" >&2; exit 1')).toEqual([
      expect.stringContaining('cannot be read'),
    ]);
    expect(await verified('echo others')).toEqual(['lost']);
  } finally {
    watch.stop();
  }
});
