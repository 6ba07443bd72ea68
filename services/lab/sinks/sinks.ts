import { appendFileSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import { type SinkBehaviour, sinkBehaviours, sinkDomain } from '../roles/remote.ts';
import { sinkScripts } from './behaviours.ts';
import { answer, freshSession, greet, type SinkContext, type SinkStep } from './sink-session.ts';

const lineBytesMax = 16 * 1024;
const connectionsMax = 500;
const knownMax = 20_000;
/** A file named like a behaviour holds the one that is played instead. */
const overrideFolder = '/run/lab-sinks';
/** One JSON line a message taken: `{ time, behaviour, ip, from, to, messageId, signed }`. */
export const sinkLog = '/var/log/lab/accepted.jsonl';

const sinksFileSchema = z.object({
  sinks: z.array(z.object({ behaviour: z.enum(sinkBehaviours), addresses: z.array(z.string()) })),
});

/** Serves every sink of the file on port 25 of its own addresses until the process ends. */
export async function serveSinks(file: string, deps: { readonly clock: Clock }): Promise<void> {
  const { sinks } = sinksFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  for (const { behaviour, addresses } of sinks) {
    const known = new Set<string>();
    const isKnown = (key: string): boolean => {
      if (known.has(key)) return true;
      if (known.size < knownMax) known.add(key);
      return false;
    };
    const serve = (socket: Socket): void => {
      const ip = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
      const script = sinkScripts[playedBehaviour(behaviour)];
      const context: SinkContext = { script, ip, banner: `mail.${sinkDomain(behaviour)}`, isKnown };
      serveSession(socket, context, deps.clock, (accepted) => {
        const messageId =
          accepted.header
            .find((line) => /^message-id:/i.test(line))
            ?.slice(11)
            .trim() ?? '';
        const signed = accepted.header.some((line) => /^dkim-signature:/i.test(line));
        const { from, to } = accepted;
        appendFileSync(
          sinkLog,
          `${JSON.stringify({ time: deps.clock.now(), behaviour, ip, from, to, messageId, signed })}\n`,
        );
      });
    };
    for (const address of addresses) {
      const server = createServer(serve);
      server.maxConnections = connectionsMax;
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(25, address, resolve));
    }
  }
}

/** What a sink plays just now: its own behaviour, or the one that a fault has written down for it. */
function playedBehaviour(own: SinkBehaviour): SinkBehaviour {
  try {
    const wish = readFileSync(join(overrideFolder, own), 'utf8').trim();
    return sinkBehaviours.find((behaviour) => behaviour === wish) ?? own;
  } catch {
    return own;
  }
}

function serveSession(
  socket: Socket,
  context: SinkContext,
  clock: Clock,
  take: (accepted: NonNullable<SinkStep['accepted']>) => void,
): void {
  let state = freshSession;
  let rest = '';
  let silent = false;
  const act = (step: SinkStep): void => {
    state = step.state;
    silent = step.silent ?? false;
    if (step.accepted !== undefined) take(step.accepted);
    if (step.end === 'at-once') socket.destroy();
    else if (step.reply !== undefined) {
      const text = `${step.reply}\r\n`;
      const send = () => (step.end === 'after-reply' ? socket.end(text) : socket.writable && socket.write(text));
      if (context.script.delayMs === undefined) send();
      else clock.after(context.script.delayMs, send);
    }
  };
  // The other side's resets are its own business: a sink plays the rude ones.
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    const lines = rest.split('\r\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineBytesMax) socket.destroy();
    for (const line of lines) if (!silent) act(answer(state, line, context));
  });
  act(greet(context));
}
