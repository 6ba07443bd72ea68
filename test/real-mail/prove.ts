// The whole proof: real servers up, messages through, agents and control over the logs, every message asked for, all down again.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createLineParser } from '../../services/logs/parse.ts';
import { startChild } from '../../services/runtime/child-process.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { createStopStack } from '../../services/runtime/stop-stack.ts';
import { findStories, judge, type Verdict } from './judge.ts';
import { startMailSite } from './mail-site.ts';
import { type PlannedMail, planMails } from './plan.ts';
import { sendMails, visitMailboxes } from './send-mails.ts';

export type Proof = Verdict & {
  readonly lines: number;
  /** Lines of the real servers that were not understood. */
  readonly unparsed: readonly string[];
  /** Messages that the first server treated otherwise than planned. */
  readonly surprises: readonly string[];
  readonly seconds: number;
};

const services = resolve(import.meta.dirname, '../../services');
const times = { readyWithinMs: 30_000, killAfterMs: 10_000, settleWithinMs: 60_000, askEveryMs: 250 } as const;

/** `inspect` runs while everything is still up, with the address of control. */
export async function prove(
  count: number,
  report: (words: string) => void,
  inspect: (url: string, mails: readonly PlannedMail[]) => Promise<void> = async () => {},
): Promise<Proof> {
  const startedAt = systemClock.monotonicMs();
  const stack = createStopStack({ deadlineMs: 60_000 });
  try {
    const site = await startMailSite();
    stack.add('mail site', site.stop);
    report('Postfix and Dovecot serve');
    const start = async (name: string, args: readonly string[]) => {
      const script = join(services, name, 'main.ts');
      const { readyWithinMs, killAfterMs } = times;
      return startChild({ name, script, args, readyWithinMs, killAfterMs, stack });
    };
    const { url } = await start('control', ['--port', '0', '--data-dir', join(site.folder, 'control')]);
    for (const [node, files] of Object.entries(site.logs)) {
      const fileFlags = files.flatMap((file) => ['--file', file]);
      const dataDir = join(site.folder, `agent-${node}`);
      await start('agent', [
        '--node',
        node,
        '--control',
        url,
        ...fileFlags,
        '--data-dir',
        dataDir,
        '--metrics-port',
        '0',
      ]);
    }
    report(`control serves at ${url}, two agents follow the logs`);

    const mails = planMails(count, `mw${Date.now().toString(36)}`);
    const surprises = await sendMails(site, mails);
    await visitMailboxes(site);
    report(`${count} messages are sent`);
    await settle(url, mails);
    const verdict = await judge(url, mails);
    await inspect(url, mails);
    const lines = (await Promise.all(Object.values(site.logs).flat().map(readLines))).flat();
    const parser = createLineParser({ now: Date.now(), timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone });
    const unparsed = lines.filter((line) => parser.parse(line).kind === 'unparsed');
    const seconds = Math.round((systemClock.monotonicMs() - startedAt) / 100) / 10;
    return { ...verdict, lines: lines.length, unparsed, surprises, seconds };
  } finally {
    await stack.stop();
  }
}

const readLines = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');

/** Waits until the last message of every kind has its fate, or the time for that is over: the verdict then says what is wrong. */
async function settle(url: string, mails: readonly PlannedMail[]): Promise<void> {
  const endsAt = systemClock.monotonicMs() + times.settleWithinMs;
  let open = mails;
  while (open.length > 0 && systemClock.monotonicMs() < endsAt) {
    const still: PlannedMail[] = [];
    for (const mail of open) {
      const [story] = await findStories(url, mail);
      if (story?.fate !== mail.expected.fate) still.push(mail);
    }
    open = still;
    if (open.length > 0) await new Promise<void>((resume) => systemClock.after(times.askEveryMs, resume));
  }
}
