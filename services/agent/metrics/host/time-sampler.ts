import type { ReadCommand } from '../command.ts';
import { type Family, single } from '../family.ts';
import type { Sampler } from '../sampler.ts';

export type ClockState = {
  readonly isSynchronized: boolean;
  /** How far the system clock is ahead of true time, seconds; only chrony tells. */
  readonly offsetSeconds?: number;
};

/** `chronyc -c tracking`: comma-separated; the third is the stratum, the fifth the offset, the last the leap status. */
export function parseChronyTracking(text: string): ClockState | undefined {
  const columns = text.trim().split(',');
  const [offset, leap] = [columns[4], columns.at(-1)];
  if (columns.length < 14 || offset === undefined) return undefined;
  // chrony states how slow the clock is as a positive number, so the sign turns.
  return { isSynchronized: leap !== 'Not synchronised', offsetSeconds: -Number(offset) };
}

/** `timedatectl show`: `NTPSynchronized=yes`. */
export function parseTimedatectl(text: string): ClockState | undefined {
  const state = /^NTPSynchronized=(yes|no)$/m.exec(text)?.[1];
  return state === undefined ? undefined : { isSynchronized: state === 'yes' };
}

/**
 * Whether the clock follows a time source, as chrony or, where it is not installed or does not run, systemd knows it. When
 * nobody can tell, the answer is absent, never "fine". The kernel's own answer (adjtimex(2)) is in no file.
 */
export function createTimeSampler(
  config: { readonly cadenceMs: number; readonly limitMs: number },
  deps: { readonly readCommand: ReadCommand },
): Sampler {
  async function readState(signal: AbortSignal): Promise<ClockState | undefined> {
    // A daemon that is installed but not running makes its tool fail: then the next one is asked.
    const chrony = await deps.readCommand('chronyc', ['-c', '-n', 'tracking'], signal).catch(() => undefined);
    const state = chrony === undefined ? undefined : parseChronyTracking(chrony);
    if (state !== undefined) return state;
    const systemd = await deps
      .readCommand('timedatectl', ['show', '--property=NTPSynchronized'], signal)
      .catch(() => undefined);
    return systemd === undefined ? undefined : parseTimedatectl(systemd);
  }
  return {
    name: 'clock',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal): Promise<Family[]> => {
      const state = await readState(signal);
      signal.throwIfAborted();
      if (state === undefined) return [];
      const families = [
        single(
          'mailward_clock_synchronized',
          'gauge',
          'Whether the clock follows a time source.',
          state.isSynchronized ? 1 : 0,
        ),
      ];
      if (state.offsetSeconds !== undefined && Number.isFinite(state.offsetSeconds))
        families.push(
          single(
            'mailward_clock_offset_seconds',
            'gauge',
            'How far the clock is ahead of true time.',
            state.offsetSeconds,
          ),
        );
      return families;
    },
  };
}
