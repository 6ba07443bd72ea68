import type { Server, Socket } from 'socket.io';
import { z } from 'zod';
import { type ActionResult, actionResultSchema, type CommandReply, commandReplySchema } from '../../protocol/action.ts';
import { AppError } from '../../protocol/errors.ts';
import { failoverLimits, type LeaseQuestion, type LeaseReply, leaseReplySchema } from '../../protocol/failover.ts';
import { agentNamespace, type HelloReply, heartbeatSchema, helloSchema, leaseEvents } from '../../protocol/live.ts';
import { type SignedCommand, signedCommandSchema } from '../../protocol/trust.ts';
import { protocolVersion } from '../../protocol/version.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ControlEvents } from '../events.ts';
import type { FleetKeeper } from '../fleet-keeper.ts';
import { admitAgent } from '../trust/admit-agent.ts';
import type { Trust } from '../trust/trust.ts';
import { type LeaseIntake, listenForLeases } from './lease-channel.ts';

/** Agents that may be connected at once. */
const agentsMax = 1000;

export type AgentChannel = {
  /** What the agent says to a command within `withinMs`; when it is `silent`, the command may have come to it all the same. */
  readonly send: (
    node: string,
    command: SignedCommand,
    withinMs: number,
  ) => Promise<CommandReply | 'not-connected' | 'silent'>;
  /** Asks the lease process beside the agent; says why not when there is no answer. */
  readonly askLease: (node: string, question: LeaseQuestion) => Promise<LeaseReply>;
};

/** The control channel: hello with the protocol version, then heartbeats. One connection a node; a newer one takes over. */
export function serveAgents(
  server: Server,
  options: { readonly heartbeatMs: number },
  deps: {
    readonly clock: Clock;
    readonly events: ControlEvents;
    readonly fleet: FleetKeeper;
    readonly trust?: Trust | undefined;
    readonly onResult?: ((node: string, result: ActionResult) => void) | undefined;
    readonly leases: LeaseIntake;
  },
): AgentChannel {
  const { clock, events, fleet, trust, onResult, leases } = deps;
  const socketByNode = new Map<string, Socket>();

  server.of(agentNamespace).on('connection', (socket) => {
    let node: string | undefined;

    socket.on('hello', (payload: unknown, acknowledge: unknown) => {
      const reply = (answer: HelloReply) => {
        if (typeof acknowledge === 'function') acknowledge(answer);
      };
      const refusal = whyNotHello(payload) ?? whyNotAdmitted(trust, socket, payload);
      if (refusal !== undefined) {
        events.agentRefused(refusal.node, refusal.code, refusal.detail);
        reply({ ok: false, code: refusal.code, detail: refusal.detail });
        return;
      }
      const hello = helloSchema.parse(payload);
      if (!socketByNode.has(hello.node) && socketByNode.size >= agentsMax) {
        const detail = `${agentsMax} agents are connected already, which is the most that control takes`;
        events.agentRefused(hello.node, 'overloaded', detail);
        reply({ ok: false, code: 'overloaded', detail });
        return;
      }
      node = hello.node;
      const older = socketByNode.get(node);
      socketByNode.set(node, socket);
      if (older !== undefined && older !== socket) older.disconnect(true);
      fleet.report({ kind: 'hello', at: clock.now(), hello });
      events.agentConnected(hello);
      reply({ ok: true, heartbeatMs: options.heartbeatMs });
    });

    socket.on('heartbeat', (payload: unknown) => {
      const heartbeat = heartbeatSchema.safeParse(payload);
      // Only the node that said hello on this connection is believed.
      if (!heartbeat.success || heartbeat.data.node !== node) return;
      fleet.report({ kind: 'heartbeat', at: clock.now(), heartbeat: heartbeat.data });
    });

    socket.on('command-result', (payload: unknown, acknowledge: unknown) => {
      const result = actionResultSchema.safeParse(payload);
      if (node === undefined) return;
      if (result.success) onResult?.(node, result.data);
      // Also what is not understood: it would only be said again.
      if (typeof acknowledge === 'function') acknowledge(true);
    });

    listenForLeases(socket, () => node, leases);

    socket.on('disconnect', (why) => {
      if (node === undefined || socketByNode.get(node) !== socket) return;
      socketByNode.delete(node);
      fleet.report({ kind: 'disconnect', at: clock.now(), node });
      events.agentDisconnected(node, why);
    });
  });

  return {
    send: async (node, command, withinMs) => {
      const socket = socketByNode.get(node);
      if (socket === undefined) return 'not-connected';
      const reply: unknown = await socket
        .timeout(withinMs)
        .emitWithAck('command', z.encode(signedCommandSchema, command))
        .catch(() => undefined);
      const read = commandReplySchema.safeParse(reply);
      return read.success ? read.data : 'silent';
    },
    askLease: async (node, question) => {
      const socket = socketByNode.get(node);
      if (socket === undefined) return { ok: false, detail: `The agent of ${node} is not connected.` };
      const reply: unknown = await socket
        .timeout(failoverLimits.answerWithinMs)
        .emitWithAck(leaseEvents.question, question)
        .catch(() => undefined);
      const read = leaseReplySchema.safeParse(reply);
      return read.success ? read.data : { ok: false, detail: `The agent of ${node} has not answered in time.` };
    },
  };
}

/** The version is looked at first: an agent of another release may say hello in a form that we do not know. */
function whyNotHello(payload: unknown): { node: string; code: string; detail: string } | undefined {
  const names = z.looseObject({ node: z.string().max(255).catch('?'), protocolVersion: z.number() }).safeParse(payload);
  if (names.success && names.data.protocolVersion !== protocolVersion) {
    const { node, protocolVersion: theirs } = names.data;
    const detail = `Control speaks protocol ${protocolVersion}, the agent of ${node} speaks ${theirs}. Bring both to the same release.`;
    return { node, code: 'protocol-mismatch', detail };
  }
  const hello = helloSchema.safeParse(payload);
  if (hello.success) return undefined;
  const faults = hello.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return {
    node: names.success ? names.data.node : '?',
    code: 'bad-request',
    detail: `The hello is not valid: ${faults}`,
  };
}

/** The certificate of the connection decides which node may say hello on it. */
function whyNotAdmitted(
  trust: Trust | undefined,
  socket: Socket,
  payload: unknown,
): { node: string; code: string; detail: string } | undefined {
  const { node } = helloSchema.parse(payload);
  // A revocation closes connections. Polling is none: it would go on over others, on which no certificate is asked for.
  if (trust !== undefined && socket.handshake.query.transport !== 'websocket')
    return { node, code: 'forbidden', detail: `The agent of ${node} came by polling; agents come by websocket alone` };
  try {
    admitAgent(trust, socket.request.socket, node);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { node, code: error.code, detail: error.message };
  }
}
