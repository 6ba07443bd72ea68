// Looks at the lease process of this machine again and again: what it says of itself, or why it says nothing.
import { type LeaseStatus, leaseStatusSchema } from '../../protocol/lease-status.ts';
import type { Clock } from '../clock.ts';
import { askLease } from './ask-lease.ts';

/** A process that answers at all does so within milliseconds. */
const lookWithinMs = 2000;

/** `status` absent: it does not answer, and `why` says what was tried. */
export type LeaseLook =
  | { readonly at: number; readonly status: LeaseStatus; readonly why?: undefined }
  | { readonly at: number; readonly status?: undefined; readonly why: string };

/** One look at a time; nothing of an earlier one is kept. */
export function createLeaseWatch(
  config: { readonly socket: string; readonly everyMs: number },
  deps: { readonly clock: Clock; readonly onLook: (look: LeaseLook) => void },
): { readonly stop: () => void } {
  const { clock, onLook } = deps;
  let isLooking = false;
  let isStopped = false;

  async function look(): Promise<void> {
    if (isLooking || isStopped) return;
    isLooking = true;
    const looked = await askLease(config.socket, '/status', leaseStatusSchema, { withinMs: lookWithinMs }).then(
      ({ value }): LeaseLook => ({ at: clock.now(), status: value }),
      (error: unknown): LeaseLook => ({ at: clock.now(), why: error instanceof Error ? error.message : String(error) }),
    );
    isLooking = false;
    if (!isStopped) onLook(looked);
  }

  void look();
  const stopLooking = clock.every(config.everyMs, () => void look());
  return {
    stop: () => {
      isStopped = true;
      stopLooking();
    },
  };
}
