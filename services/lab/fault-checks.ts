import { z } from 'zod';
import type { FaultCheck } from '../faults/fault.ts';
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { readSinkLog } from './canary.ts';
import { type UserFinding, userFindingSchema } from './client/user-check.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { sinkDomain } from './roles/remote.ts';
import { tryCommand } from './run-command.ts';
import { runInClient } from './run-in-client.ts';
import { hostsOf, type LabPlan } from './topology.ts';

/** A user has given up by then. */
const checkMs = 20_000;
const soonMs = 8000;
const lookEveryMs = 150;

/** Carries out the check of a fault against a mail host. `attempt` makes its message unlike any other. */
export async function runCheck(
  paths: LabPaths,
  plan: LabPlan,
  ask: { readonly check: FaultCheck; readonly mailHost: string; readonly attempt: string },
  deps: { readonly clock: Clock },
): Promise<UserFinding> {
  if (ask.check === 'replica') return await checkReplica(paths, plan, ask.attempt, deps.clock);
  const host = plan.hosts.find(({ name }) => name === ask.mailHost);
  const peer = plan.hosts.find(({ name }) => name === host?.peer)?.fqdn;
  const messageId = `<check-${ask.attempt}@${plan.domain}>`;
  const task = {
    ...{ check: ask.check, host: host?.fqdn ?? '', mailbox: `u1@${host?.domains[0]}`, messageId },
    quietMailbox: `u3@${host?.domains[0]}`,
    remote: `check-${ask.attempt}@${sinkDomain('accept')}`,
    ...(peer === undefined ? {} : { peer }),
  };
  const finding = await runInClient(paths, plan, 'check', task, {
    answer: userFindingSchema,
    timeoutMs: checkMs,
  }).catch((error: unknown): UserFinding => {
    if (error instanceof AppError && error.code === 'unreachable') return { ok: false, detail: error.message };
    throw error;
  });
  if (finding.ok && ask.check === 'trace') return await askControl(paths, messageId, deps.clock);
  if (!finding.ok || (ask.check !== 'outbound' && ask.check !== 'signed')) return finding;
  const endsAt = deps.clock.monotonicMs() + soonMs;
  for (;;) {
    const taken = readSinkLog(paths, plan).find((entry) => entry.messageId === messageId);
    if (taken !== undefined)
      return ask.check === 'signed' && !taken.signed ? { ok: false, detail: 'arrived unsigned' } : finding;
    if (deps.clock.monotonicMs() > endsAt) return { ok: false, detail: 'accepted, but not at the remote side' };
    await new Promise<void>((done) => deps.clock.after(lookEveryMs, done));
  }
}

/** What an operator sees who looks the message up on the page. */
async function askControl(paths: LabPaths, messageId: string, clock: Clock): Promise<UserFinding> {
  const { pageUrl } = readRecord(paths);
  if (pageUrl === undefined) return { ok: false, detail: 'this lab has no control' };
  const question = new URL(`/api/v1/stories?limit=1&q=${encodeURIComponent(messageId)}`, pageUrl);
  const endsAt = clock.monotonicMs() + soonMs;
  for (;;) {
    const known = await fetch(question, { signal: AbortSignal.timeout(soonMs) }).then(
      async (response) => (response.ok ? storiesSchema.parse(await response.json()).items.length > 0 : false),
      () => undefined,
    );
    if (known) return { ok: true, detail: 'control knows the message' };
    if (clock.monotonicMs() > endsAt)
      return {
        ok: false,
        detail: known === undefined ? 'control does not answer' : 'control does not know the message',
      };
    await new Promise<void>((done) => clock.after(lookEveryMs, done));
  }
}

const storiesSchema = z.object({ items: z.array(z.unknown()) });

/** An alias made on the primary is seen on the replica. */
async function checkReplica(paths: LabPaths, plan: LabPlan, attempt: string, clock: Clock): Promise<UserFinding> {
  const databases = hostsOf(plan, 'database');
  const primary = databases.find(({ peer }) => peer === undefined)?.name ?? '';
  const replica = databases.find(({ peer }) => peer !== undefined)?.name ?? '';
  const run = (host: string, sql: string) =>
    tryCommand(insideHost(initOf(paths, host), ['mariadb', '-N', '-e', sql]), { env: hostEnvironment(paths) });
  const written = await run(
    primary,
    `INSERT INTO mail.alias (address, goto) VALUES ('${attempt}', 'u1@${plan.domain}')`,
  );
  if (written.status !== 0) return { ok: false, detail: written.stderr.trim() };
  const endsAt = clock.monotonicMs() + soonMs / 2;
  while (clock.monotonicMs() < endsAt) {
    const seen = await run(replica, `SELECT goto FROM mail.alias WHERE address = '${attempt}'`);
    if (seen.stdout.trim() !== '') return { ok: true, detail: 'the row is on the replica' };
    await new Promise<void>((done) => clock.after(lookEveryMs, done));
  }
  return { ok: false, detail: 'the row is not on the replica' };
}
