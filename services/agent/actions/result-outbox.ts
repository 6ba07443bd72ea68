import { type ActionResult, actionLimits } from '../../protocol/action.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ActionEvents } from './action-events.ts';

const againMs = 5000;

export type ResultOutbox = {
  readonly add: (result: ActionResult) => void;
  /** Control can be spoken to: `send` resolves when it has acknowledged a result. */
  readonly connected: (send: (result: ActionResult) => Promise<void>) => void;
  readonly disconnected: () => void;
};

/** Holds results until control has acknowledged them, over any number of connections. */
export function createResultOutbox(deps: {
  readonly clock: Clock;
  readonly events: Pick<ActionEvents, 'resultDropped'>;
  readonly keptMax?: number;
}): ResultOutbox {
  const { clock, events, keptMax = actionLimits.resultsKeptMax } = deps;
  const waiting: ActionResult[] = [];
  let send: ((result: ActionResult) => Promise<void>) | undefined;
  let isSending = false;

  async function sendAll(): Promise<void> {
    if (isSending) return;
    isSending = true;
    try {
      for (let first = waiting[0]; first !== undefined && send !== undefined; first = waiting[0]) {
        await send(first);
        if (waiting[0] === first) waiting.shift();
      }
    } catch {
      // Not acknowledged: it is said again while the connection stands, and over the next one.
      clock.after(againMs, () => void sendAll());
    } finally {
      isSending = false;
    }
  }

  return {
    add: (result) => {
      waiting.push(result);
      if (waiting.length > keptMax) events.resultDropped(waiting.shift()?.id ?? '');
      void sendAll();
    },
    connected: (sendOne) => {
      send = sendOne;
      void sendAll();
    },
    disconnected: () => {
      send = undefined;
    },
  };
}
