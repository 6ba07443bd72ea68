// A process of its own that means harm: mute, slow, oversized, malformed and half-open connections to ports of loopback, from
// many addresses. Told by IPC what to do; from a seed, so that a finding can be had again.
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { createMutator } from '../fuzz/mutate.ts';
import { between, randomOf } from '../simulation/random.ts';

export const hostilePlanSchema = z.object({
  connections: z.number(),
  seed: z.number(),
  ports: z.object({ tcp: z.number(), tls: z.number(), udp: z.number(), http: z.number() }),
});
export type HostilePlan = z.infer<typeof hostilePlanSchema>;
export type HostileReport = { readonly opened: number; readonly closedByThem: number; readonly bytes: number };

/** 127.0.1.1 and on: what comes from one of them is one host to whoever counts. */
const addresses = 200;
const tickMs = 50;
const openedPerTick = 400;
const largeSenders = 8;

type Kind = 'mute' | 'slow' | 'large' | 'fuzz' | 'handshake' | 'slow-header' | 'slow-body';
const kinds: readonly Kind[] = [
  ...Array<Kind>(11).fill('mute'),
  ...(['slow', 'slow', 'fuzz', 'fuzz', 'handshake', 'handshake', 'slow-header', 'slow-header', 'slow-body'] as const),
];

function attack(plan: HostilePlan): () => HostileReport {
  const random = randomOf(plan.seed);
  const below = (end: number) => between(random, 0, end - 1);
  const mutator = createMutator(plan.seed);
  const open = new Map<Socket, Kind>();
  let [opened, closedByThem, bytes] = [0, 0, 0];
  const chunk = Buffer.alloc(64 * 1024, 120);
  const write = (socket: Socket, data: string | Buffer) => {
    if (socket.writableLength > chunk.length) return;
    bytes += data.length;
    socket.write(data);
  };
  const portOf = (kind: Kind): number => {
    if (kind === 'handshake') return plan.ports.tls;
    return kind === 'slow-header' || kind === 'slow-body' ? plan.ports.http : plan.ports.tcp;
  };
  /** A mutated line in one of the framings, now and then with a length that lies. */
  const fuzzedFrame = (): string => {
    const line = mutator.next().slice(0, 4000);
    const said = [Buffer.byteLength(line), below(10), 10 ** below(12), -1][below(4)];
    return below(2) === 0 ? `${line}\n` : `${said} <22>${line}`;
  };
  function begin(kind: Kind): void {
    const localAddress = `127.0.1.${1 + (opened % addresses)}`;
    const socket = connect({ port: portOf(kind), host: '127.0.0.1', localAddress });
    opened++;
    open.set(socket, kind);
    socket.on('error', () => {});
    socket.on('close', () => {
      open.delete(socket);
      closedByThem++;
    });
    socket.once('connect', () => {
      if (kind === 'slow') write(socket, below(2) === 0 ? '<22>never' : '50000 <22>never');
      if (kind === 'large') write(socket, below(2) === 0 ? `${16 * 1024 * 1024} ` : '<22>');
      if (kind === 'handshake' && below(2) === 0) write(socket, 'this is no handshake at all\n');
      const header = 'POST /ingest/v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zstd\r\n';
      if (kind === 'slow-header') write(socket, header);
      if (kind === 'slow-body')
        write(socket, `${header}Content-Length: ${4 * 1024 * 1024}\r\nMailward-Batch: {}\r\n\r\n`);
    });
  }
  for (let no = 0; no < largeSenders; no++) begin('large');
  const udp = createSocket('udp4');
  udp.on('error', () => {});
  let tick = 0;
  setInterval(() => {
    tick++;
    for (let no = 0; no < openedPerTick && open.size < plan.connections; no++)
      begin(kinds[below(kinds.length)] ?? 'mute');
    for (let no = 0; no < 20; no++) udp.send(Buffer.from(fuzzedFrame()), plan.ports.udp, '127.0.0.1', () => {});
    for (const [socket, kind] of open) {
      if (kind === 'large' && tick % 2 === 0) write(socket, chunk);
      if (kind === 'fuzz' && below(20) === 0) write(socket, fuzzedFrame());
      if ((kind === 'slow' || kind.startsWith('slow-')) && tick % 20 === 0) write(socket, 'x');
    }
  }, tickMs);
  return () => ({ opened, closedByThem, bytes });
}

if (process.send !== undefined) {
  let report: (() => HostileReport) | undefined;
  process.on('message', (message) => {
    if (report === undefined) report = attack(hostilePlanSchema.parse(message));
    else process.send?.(report());
  });
  process.on('disconnect', () => process.exit());
}
