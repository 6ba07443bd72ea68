// The short form of `npm run soak -- failover`: every case once, each for seconds instead of minutes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canMakeNamespaces } from '../lease/namespaces.ts';
import { type FailoverResult, failoverCases } from './failover.ts';

/** It takes about a minute and a half alone; a busy machine starts processes slowly. Its own world ends with it, however it ends. */
const withinMs = 400_000;

const isPossible = canMakeNamespaces();
if (!isPossible && process.env.CI === 'true') throw new Error('failover is soaked as root with nft, socat and ip');

test.skipIf(!isPossible)(
  'voters, terms, keys, upgrades, cold starts, crash loops and loss: what lease.md promises (needs root, nftables, socat, iproute2)',
  async () => {
    const args = [join(import.meta.dirname, 'main.ts'), 'failover', '--minutes', '0.1', '--advert-ms', '500', '--json'];
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) =>
      execFile(process.execPath, args, { timeout: withinMs, killSignal: 'SIGKILL' }, (_error, stdout, stderr) =>
        resolve({ stdout, stderr }),
      ),
    );
    const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as FailoverResult;
    expect(
      result.cases?.map(({ name, faults }) => ({ name, faults })),
      stderr,
    ).toEqual(failoverCases.map((name) => ({ name, faults: [] })));
    expect(result.overlapMs).toBe(0);
  },
  withinMs + 10_000,
);
