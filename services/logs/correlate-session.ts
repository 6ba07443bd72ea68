// One client's connection to one smtpd process, from connect to disconnect: what was said before a message had a queue id
// (TLS, the connection itself), and which refusals belong together.
import type { MailEvent } from '../protocol/mail-event.ts';
import type { LineRef } from './story-state.ts';

export type Session = {
  time: number;
  /** Lines of the session that every message of it shares: the connection and its TLS line. */
  lines: LineRef[];
  tlsProtocol?: string;
  /** The story that collects this session's refusals, and the sender it is about. */
  refused?: { story: number; from: string };
  /** The message under way: its story and queue id. */
  current?: { story: number; queueId: string };
};

export type Sessions = {
  readonly of: (node: string, event: MailEvent) => Session | undefined;
  /** Starts over when `isNew`, otherwise finds or makes the session. */
  readonly open: (node: string, event: MailEvent, isNew: boolean) => Session;
  readonly close: (node: string, event: MailEvent) => void;
  /** Everything that must outlive this process, as plain data, and back. */
  readonly save: () => ReadonlyArray<readonly [string, Session]>;
  readonly restore: (saved: ReadonlyArray<readonly [string, Session]>) => void;
};

/** smtpd serves one client at a time, postscreen many: there the client's address and port tell them apart. */
function keyOf(node: string, event: MailEvent): string {
  const base = `${node} ${event.program ?? ''} ${event.pid ?? ''}`;
  return event.service === 'postscreen' ? `${base} ${event.clientIp ?? ''} ${event.clientPort ?? ''}` : base;
}

export function createSessions(config: { readonly sessionsMax: number }): Sessions {
  const sessions = new Map<string, Session>();
  return {
    of: (node, event) => sessions.get(keyOf(node, event)),
    open: (node, event, isNew) => {
      const key = keyOf(node, event);
      const known = sessions.get(key);
      if (known !== undefined && !isNew) return known;
      const session: Session = { time: event.time, lines: [] };
      sessions.delete(key);
      sessions.set(key, session);
      if (sessions.size > config.sessionsMax) {
        const oldest = sessions.keys().next().value;
        if (oldest !== undefined) sessions.delete(oldest);
      }
      return session;
    },
    close: (node, event) => {
      sessions.delete(keyOf(node, event));
    },
    save: () => [...sessions],
    restore: (saved) => {
      sessions.clear();
      for (const [key, session] of saved) sessions.set(key, session);
    },
  };
}
