import { io } from 'socket.io-client';
import { z } from 'zod';
import { actionResultSchema } from '../protocol/action.ts';
import {
  agentNamespace,
  type Heartbeat,
  type Hello,
  type HelloReply,
  helloReplySchema,
  leaseEvents,
} from '../protocol/live.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LeaseLink } from '../runtime/lease/lease-link.ts';
import type { CommandIntake } from './actions/command-intake.ts';
import type { AgentEvents } from './events.ts';
import type { IdentityKeeper } from './trust/identity-keeper.ts';

const helloTimeoutMs = 10_000;
const resultTimeoutMs = 5000;
/** After control has refused the hello (another release, too many agents) it is asked again this much later. */
const refusedRetryMs = 30_000;

const noLease = { ok: false, detail: 'No lease process is kept on this node.' } as const;

/** The control channel: says hello whenever a connection stands, then beats. The bulk channel does not depend on it. */
export function createControlChannel(
  options: { readonly controlUrl: string; readonly node: string; readonly readHello: () => Hello },
  deps: {
    readonly clock: Clock;
    readonly events: AgentEvents;
    /** `undefined` while the files have not been looked at. */
    readonly readSources: () => Heartbeat['sources'] | undefined;
    /** Absent without TLS. */
    readonly keeper?: Pick<IdentityKeeper, 'credentials' | 'follow'> | undefined;
    readonly commands: Pick<CommandIntake, 'take' | 'connected' | 'disconnected'>;
    /** Absent where no lease process is kept. */
    readonly lease?: Pick<LeaseLink, 'connected' | 'disconnected' | 'question'> | undefined;
  },
): { readonly beat: () => void; readonly stop: () => void } {
  const { clock, events, readSources, keeper, commands, lease } = deps;
  const socket = io(new URL(agentNamespace, options.controlUrl).href, {
    transports: ['websocket'],
    reconnectionDelay: 200,
    reconnectionDelayMax: 5000,
    randomizationFactor: 0.5,
    ...keeper?.credentials(),
  });
  keeper?.follow(() => {
    Object.assign(socket.io.opts, keeper.credentials());
    socket.disconnect().connect();
  });
  let stopBeating = () => {};
  /** Counts connections, so that the answer to an old one's hello changes nothing any more. */
  let connection = 0;

  const beat = () => {
    const sources = readSources();
    if (sources === undefined) return;
    const heartbeat: Heartbeat = { node: options.node, sentMs: clock.now(), sources };
    // A beat that finds no connection is worth nothing later.
    socket.volatile.emit('heartbeat', heartbeat);
  };

  async function sayHello(): Promise<HelloReply> {
    const reply: unknown = await socket.timeout(helloTimeoutMs).emitWithAck('hello', options.readHello());
    return helloReplySchema.parse(reply);
  }

  async function greet(): Promise<void> {
    stopBeating();
    connection += 1;
    const mine = connection;
    try {
      const reply = await sayHello();
      if (mine !== connection) return;
      if (reply.ok) {
        events.controlConnected();
        commands.connected(async (result) => {
          await socket.timeout(resultTimeoutMs).emitWithAck('command-result', z.encode(actionResultSchema, result));
        });
        lease?.connected({
          tell: (event, payload) => socket.volatile.emit(event, payload),
          ask: (event, payload, withinMs) => socket.timeout(withinMs).emitWithAck(event, payload),
        });
        stopBeating = clock.every(reply.heartbeatMs, beat);
        beat();
        return;
      }
      events.controlRefused(reply.code, reply.detail);
    } catch (error) {
      if (mine !== connection) return;
      events.controlDisconnected(error instanceof Error ? error.message : 'no answer to hello');
    }
    stopBeating = clock.after(refusedRetryMs, () => void greet());
  }

  socket.on('command', (payload: unknown, acknowledge: unknown) => {
    void commands.take(payload).then((reply) => {
      if (typeof acknowledge === 'function') acknowledge(reply);
    });
  });
  socket.on(leaseEvents.question, (payload: unknown, acknowledge: unknown) => {
    if (typeof acknowledge !== 'function') return;
    void (lease?.question(payload) ?? Promise.resolve(noLease)).then((reply) => acknowledge(reply));
  });
  socket.on('connect', () => void greet());
  socket.on('disconnect', (why) => {
    connection += 1;
    stopBeating();
    commands.disconnected();
    lease?.disconnected();
    // Our own doing, for a new certificate.
    if (why !== 'io client disconnect') events.controlDisconnected(why);
  });
  return {
    beat,
    stop: () => {
      connection += 1;
      stopBeating();
      socket.off('disconnect');
      socket.disconnect();
    },
  };
}
