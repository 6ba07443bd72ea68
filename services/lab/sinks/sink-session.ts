import type { SinkScript } from './behaviours.ts';

// One SMTP session of a sink as a function from line to answer (RFC 5321); the server around it owns socket and time.

export type SinkState = {
  readonly stage: 'commands' | 'message';
  /** Absent until a sender was taken; empty for a bounce. */
  readonly from?: string;
  readonly to: readonly string[];
  readonly header: readonly string[];
  readonly inHeader: boolean;
};
export type SinkStep = {
  readonly state: SinkState;
  readonly reply?: string;
  readonly end?: 'after-reply' | 'at-once';
  readonly silent?: true;
  /** A whole message was taken. */
  readonly accepted?: { readonly from: string; readonly to: readonly string[]; readonly header: readonly string[] };
};
export type SinkContext = {
  readonly script: SinkScript;
  readonly ip: string;
  readonly banner: string;
  /** Whether this client, sender and recipient were seen before. */
  readonly isKnown: (key: string) => boolean;
};

const headerLinesMax = 200;
const recipientsMax = 100;

export const freshSession: SinkState = { stage: 'commands', to: [], header: [], inHeader: true };

export function greet({ script, banner }: SinkContext): SinkStep {
  if (script.silentAt === 'greeting') return { state: freshSession, silent: true };
  if (script.greeting !== undefined) return { state: freshSession, reply: script.greeting, end: 'after-reply' };
  return { state: freshSession, reply: `220 ${banner} ESMTP` };
}

export function answer(state: SinkState, line: string, context: SinkContext): SinkStep {
  return state.stage === 'message' ? takeMessageLine(state, line, context) : answerCommand(state, line, context);
}

function takeMessageLine(state: SinkState, line: string, { script, ip }: SinkContext): SinkStep {
  if (line !== '.') {
    if (!state.inHeader) return { state };
    if (line === '' || state.header.length >= headerLinesMax) return { state: { ...state, inHeader: false } };
    return { state: { ...state, header: [...state.header, line] } };
  }
  if (script.closesAt === 'message') return { state: freshSession, end: 'at-once' };
  if (script.silentAt === 'message') return { state: freshSession, silent: true };
  if (script.message !== undefined) {
    const reply = fill(script.message, ip, state.to[0] ?? '');
    return reply.startsWith('421')
      ? { state: freshSession, reply, end: 'after-reply' }
      : { state: freshSession, reply };
  }
  const { from = '', to, header } = state;
  return { state: freshSession, reply: '250 2.0.0 Ok: queued as LAB', accepted: { from, to, header } };
}

function answerCommand(state: SinkState, line: string, { script, ip, banner, isKnown }: SinkContext): SinkStep {
  const address = /<([^<>]*)>/.exec(line)?.[1] ?? '';
  switch (line.slice(0, 4).toUpperCase()) {
    case 'EHLO':
      return { state: freshSession, reply: `250-${banner}\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES` };
    case 'HELO':
      return { state: freshSession, reply: `250 ${banner}` };
    case 'MAIL': {
      if (script.mailFrom === undefined) return { state: { ...freshSession, from: address }, reply: '250 2.1.0 Ok' };
      const reply = fill(script.mailFrom, ip, '');
      return reply.startsWith('421') ? { state, reply, end: 'after-reply' } : { state, reply };
    }
    case 'RCPT': {
      if (state.from === undefined) return { state, reply: '503 5.5.1 Need MAIL command' };
      if (state.to.length >= recipientsMax) return { state, reply: '452 4.5.3 Too many recipients' };
      if (script.recipient !== undefined) return { state, reply: fill(script.recipient, ip, address) };
      if (script.recipientFirst !== undefined && !isKnown(`${ip} ${state.from} ${address}`))
        return { state, reply: fill(script.recipientFirst, ip, address) };
      return { state: { ...state, to: [...state.to, address] }, reply: '250 2.1.5 Ok' };
    }
    case 'DATA':
      if (state.to.length === 0) return { state, reply: '503 5.5.1 No valid recipients' };
      return {
        state: { ...state, stage: 'message', header: [], inHeader: true },
        reply: '354 End data with <CR><LF>.<CR><LF>',
      };
    case 'RSET':
      return { state: freshSession, reply: '250 2.0.0 Ok' };
    case 'NOOP':
      return { state, reply: '250 2.0.0 Ok' };
    case 'QUIT':
      return { state, reply: '221 2.0.0 Bye', end: 'after-reply' };
    default:
      return { state, reply: '502 5.5.2 Command not recognised' };
  }
}

const fill = (text: string, ip: string, to: string): string => text.replaceAll('{ip}', ip).replaceAll('{to}', to);
