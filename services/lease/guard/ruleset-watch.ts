// Notices when somebody else takes the guard's rules away or changes them: at once through `nft monitor`, and again every few
// seconds by reading them, because a monitor that fell behind says nothing.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { tableOf } from './ruleset.ts';

const verifyEveryMs = 5000;
/** Rules that could not be read are read again. */
const readAgainMs = 1000;
/** The monitor may tell of our own closing this much later. */
const ownEchoMs = 100;
const restartAfterMs = 1000;
const commandWithinMs = 2000;
const lineCharsMax = 4096;

export type RulesetWatch = {
  /** Around a line of ours that makes the tables anew. */
  readonly noteOwnChange: () => void;
  /** What stands now is what should stand; called when the tables were made. */
  readonly learn: () => void;
  readonly verify: () => void;
  readonly stop: () => void;
};

export function createRulesetWatch(
  group: string,
  deps: {
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly every: (periodMs: number, task: () => void) => () => void;
    readonly monotonicMs: () => number;
    /** Whether there are also tables at the devices. */
    readonly guardsDevices: () => boolean;
    readonly onLost: () => void;
    readonly onFault: (what: string, error?: unknown) => void;
  },
): RulesetWatch {
  const table = tableOf(group);
  const isOurs = new RegExp(`^delete (table|chain|rule|set) (inet|arp|netdev) ${table}( |$)`);
  /** By the families that stand; what was found first, because it was right then. */
  const expected = new Map<string, string>();
  let ownUntil = Number.NEGATIVE_INFINITY;
  let cancelLater: (() => void) | undefined;
  let isVerifying = false;
  let mustVerifyAgain = false;
  let isStopped = false;
  let monitor: ChildProcessWithoutNullStreams | undefined;

  /** The text of every table; a command each, because nft 1.0.6 finds only the last of several. */
  const familiesNow = () => (deps.guardsDevices() ? ['inet', 'arp', 'netdev'] : ['inet', 'arp']);
  async function list(then: (texts: readonly (string | undefined)[], families: string) => void): Promise<void> {
    const families = familiesNow();
    const texts = await Promise.all(families.map((family) => listTable(family, table)));
    then(texts, families.join(' '));
  }
  let isUnread = false;

  function verify(): void {
    if (isStopped) return;
    if (isVerifying) {
      mustVerifyAgain = true;
      return;
    }
    isVerifying = true;
    mustVerifyAgain = false;
    const startedAt = deps.monotonicMs();
    void list((texts, families) => {
      isVerifying = false;
      // What was heard meanwhile may have happened after these rules were read.
      if (mustVerifyAgain) verify();
      const right = expected.get(families);
      if (isStopped || right === undefined) return;
      // A busy machine, or a huge load of somebody else's, says nothing of the rules; to close for it would cost the clients.
      if (texts.includes(undefined)) {
        if (!isUnread) deps.onFault('the rules of the guard cannot be read; they are read again');
        isUnread = true;
        verifyLater(readAgainMs);
        return;
      }
      isUnread = false;
      if (texts.join('') === right) return;
      // A listing taken while our own line was under way may show neither state.
      if (ownUntil > startedAt) verifyLater();
      else deps.onLost();
    });
  }
  function verifyLater(delayMs = ownEchoMs): void {
    cancelLater ??= deps.after(delayMs, () => {
      cancelLater = undefined;
      verify();
    });
  }
  function hear(line: string): void {
    if (!isOurs.test(line)) return;
    if (deps.monotonicMs() < ownUntil) verifyLater();
    // Perhaps the monitor is late with a closing of ours: to close for that would make it tell of another, and so on for good.
    else verify();
  }
  function watch(): void {
    if (isStopped) return;
    // It reads nothing from us, so our end would not reach it: the kernel ends it with us (prctl(2), PR_SET_PDEATHSIG).
    const started = spawn('setpriv', ['--pdeathsig', 'KILL', 'nft', 'monitor', 'destroy'], { detached: true });
    monitor = started;
    let rest = '';
    started.stdout.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(0, lineCharsMax);
      for (const line of lines) hear(line);
    });
    started.stderr.resume();
    started.once('error', (error) => deps.onFault('nft monitor cannot be started', error));
    started.once('close', () => {
      if (isStopped) return;
      deps.onFault('nft monitor has ended; it is started anew and the rules are read');
      verify();
      deps.after(restartAfterMs, watch);
    });
  }

  watch();
  const stopVerifying = deps.every(verifyEveryMs, verify);
  return {
    noteOwnChange: () => {
      ownUntil = deps.monotonicMs() + ownEchoMs;
    },
    learn: () => {
      if (expected.has(familiesNow().join(' '))) return;
      void list((texts, families) => {
        const areThere = texts.every((text) => text !== undefined && text !== '');
        if (areThere && !expected.has(families)) expected.set(families, texts.join(''));
      });
    },
    verify,
    stop: () => {
      isStopped = true;
      stopVerifying();
      cancelLater?.();
      monitor?.kill('SIGTERM');
    },
  };
}

/** Empty: it is not there. Undefined: nobody could say. */
const listTable = (family: string, table: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile('nft', ['-t', 'list', 'table', family, table], { timeout: commandWithinMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else resolve(/No such file or directory/.test(stderr) ? '' : undefined);
    });
  });
