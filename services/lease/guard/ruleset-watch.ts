// Notices when somebody else takes the guard's rules away or changes them: at once through `nft monitor`, and again every few
// seconds by reading them, because a monitor that fell behind says nothing.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { tableOf } from './ruleset.ts';

const verifyEveryMs = 5000;
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
  let isStopped = false;
  let monitor: ChildProcessWithoutNullStreams | undefined;

  const families = () => (deps.guardsDevices() ? ['inet', 'arp', 'netdev'] : ['inet', 'arp']);
  const list = (then: (text: string | undefined, command: string) => void) => {
    const command = families()
      .map((family) => `list table ${family} ${table}`)
      .join('; ');
    execFile('nft', ['-t', command], { timeout: commandWithinMs }, (error, stdout) =>
      then(error === null ? stdout : undefined, command),
    );
  };

  function verify(): void {
    if (isVerifying || isStopped) return;
    isVerifying = true;
    const startedAt = deps.monotonicMs();
    list((text, command) => {
      isVerifying = false;
      const right = expected.get(command);
      if (isStopped || right === undefined || text === right) return;
      // A listing taken while our own line was under way may show neither state.
      if (ownUntil > startedAt) verifyLater();
      else deps.onLost();
    });
  }
  function verifyLater(): void {
    cancelLater ??= deps.after(ownEchoMs, () => {
      cancelLater = undefined;
      verify();
    });
  }
  function hear(line: string): void {
    if (!isOurs.test(line)) return;
    if (deps.monotonicMs() < ownUntil) verifyLater();
    else deps.onLost();
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
    learn: () =>
      list((text, command) => {
        if (text !== undefined && !expected.has(command)) expected.set(command, text);
      }),
    verify,
    stop: () => {
      isStopped = true;
      stopVerifying();
      cancelLater?.();
      monitor?.kill('SIGTERM');
    },
  };
}
