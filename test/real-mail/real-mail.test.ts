// Real Postfix and Dovecot, private instances on high loopback ports: every message that is sent is found again, with its right fate.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findMissing } from './missing.ts';
import { type PlannedMail, planMails, queryFor } from './plan.ts';
import { prove } from './prove.ts';

const messages = 500;
const cli = resolve(import.meta.dirname, '../../services/cli/main.ts');
const run = promisify(execFile);

test('the plan holds every kind, and the same for the same count', () => {
  const mails = planMails(messages, 'run');
  expect(new Set(mails.map(({ kind }) => kind)).size).toBe(11);
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(messages);
  expect(planMails(messages, 'run')).toEqual(mails);
});

/** `mailward trace`, as a person asks about one message of each fate. */
async function traceOneOfEach(url: string, mails: readonly PlannedMail[]): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const mail of mails) {
    if (answers[mail.kind] !== undefined) continue;
    const { stdout } = await run(process.execPath, [cli, 'trace', queryFor(mail), '--url', url]);
    answers[mail.kind] = stdout;
  }
  return answers;
}

const missing = findMissing();
test('500 messages through real servers are all found, each with its right fate, mailbox, nodes and queues', async (context) => {
  // A build server has what it takes; elsewhere its lack is no fault of the code.
  if (missing.length > 0 && process.env.CI !== 'true') context.skip(`this machine lacks ${missing.join(', ')}`);
  expect(missing).toEqual([]);
  let traced: Record<string, string> = {};
  const proof = await prove(
    messages,
    () => {},
    async (url, mails) => {
      traced = await traceOneOfEach(url, mails);
    },
  );
  expect(proof.surprises).toEqual([]);
  expect(proof.faults).toEqual([]);
  expect(proof).toMatchObject({ messages, found: messages, rightFate: messages, right: messages });
  expect(proof.unparsed).toEqual([]);
  expect(proof.lines).toBeGreaterThan(messages * 8);
  expect(traced.delivered).toMatch(/delivered/i);
  expect(traced.deferred).toMatch(/deferred/i);
  expect(traced['bounced-abroad']).toMatch(/bounced/i);
  expect(traced['rejected-relaying']).toMatch(/rejected|refused/i);
  expect(traced['sieve-moved']).toMatch(/Junk/);
  expect(traced.filtered).toMatch(/delivered/i);
}, 180_000);
