// What a lease configuration asks for that this machine or its network cannot give: keys that cannot be read, and, where the
// lease process runs already, an A that is too short for the round trips it measures, or a T that is too short for the file.
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { type LeaseConfig, type LeaseGroupConfig, leaseTermsOf } from '../../protocol/lease-config.ts';
import { leaseStatusSchema, preflightSchema } from '../../protocol/lease-status.ts';
import type { ConfigFindings, ConfigIssue } from '../config-file.ts';
import { askLease } from './ask-lease.ts';
import { readLeaseKey } from './lease-keys.ts';

/** A is at least so many round trips (lease.md rule 11). */
const roundTripsInAdvert = 4;

export async function findLeaseFaults(config: LeaseConfig): Promise<ConfigFindings> {
  const socket = join(config.runDir, 'status.sock');
  const running = await askLease(socket, '/status', leaseStatusSchema).then(
    ({ value }) => value,
    () => undefined,
  );
  const issues: ConfigIssue[] = [];
  const notes: string[] = [];
  if (running === undefined)
    notes.push(`No lease process answers at ${socket}, so the round trips of the network could not be measured.`);
  for (const [at, group] of config.groups.entries()) {
    const path = ['groups', at];
    for (const [index, key] of group.keys.entries())
      await readLeaseKey(group.name, key).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
        issues.push({ path: [...path, 'keys', index], message });
      });
    const status = running?.groups.find(({ incarnation }) => incarnation === group.incarnation);
    if (status === undefined) continue;
    issues.push(
      ...termFaults(group, status.set.leaseMs).map((issue) => ({ ...issue, path: [...path, ...issue.path] })),
    );
    const measured = await askLease(socket, `/${group.name}/preflight`, preflightSchema).then(
      ({ value }) => value.roundTripMs,
      () => null,
    );
    const fault = measured === null ? undefined : advertFault(group, measured);
    if (fault !== undefined) issues.push({ path: [...path, 'advertMs'], message: fault });
    notes.push(
      measured === null
        ? `Too few voters of ${group.name} answer to measure the round trips.`
        : `${group.name}: the slowest round trip that may be needed is ${measured.toFixed(1)} ms (p99, measured now).`,
    );
  }
  return { issues, notes };
}

/** Why A cannot be held by a network of this round trip; `undefined` when it can. */
export function advertFault(group: LeaseGroupConfig, roundTripMs: number): string | undefined {
  const { advertMs } = leaseTermsOf(group);
  const least = Math.ceil(roundTripsInAdvert * roundTripMs);
  return advertMs >= least
    ? undefined
    : `A of ${advertMs} ms cannot be held here: the round trip was measured as ${roundTripMs.toFixed(1)} ms (p99), and A is at least four of it, ${least} ms`;
}

/** T is the group's, durable, and not the file's: a file whose A and F need a longer one would not start. */
function termFaults(group: LeaseGroupConfig, leaseMs: number): ConfigIssue[] {
  const { advertMs, freezeMs } = leaseTermsOf(group);
  const least = 2.5 * advertMs + freezeMs / 0.8;
  if (leaseMs >= least) return [];
  const message = `T of the running group is ${leaseMs} ms, and A of ${advertMs} ms with F of ${freezeMs} ms needs at least ${least} ms: retime first, mailward failover retime ${Math.ceil(least)}`;
  return [{ path: ['advertMs'], message }];
}
