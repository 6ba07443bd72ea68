// When a page should read its data again: on every new connection, when its topic changes, and every few seconds while it is
// in sight.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useConsole } from '../parts/console-context.ts';
import type { LiveState, Topic } from './connection.ts';

export function useLiveState(): LiveState {
  const { live } = useConsole();
  return useSyncExternalStore(live.subscribe, live.read);
}

/** Grows whenever data should be read anew; `everyMs` absent means only on a new connection. */
export function useRevision(everyMs?: number, topic: Topic = 'nodes'): number {
  const { live } = useConsole();
  const { connections } = useLiveState();
  const [count, setCount] = useState(0);
  useEffect(() => {
    if (everyMs === undefined) return;
    const grow = (): void => {
      if (document.visibilityState === 'visible') setCount((before) => before + 1);
    };
    const timer = setInterval(grow, everyMs);
    const stopWatching = live.onTopic(topic, grow);
    document.addEventListener('visibilitychange', grow);
    return () => {
      clearInterval(timer);
      stopWatching();
      document.removeEventListener('visibilitychange', grow);
    };
  }, [live, everyMs, topic]);
  // The first connection comes with the first read; only later ones make the data old.
  return count + Math.max(0, connections - 1);
}
