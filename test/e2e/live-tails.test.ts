// Several pages follow the log at once: each gets its own lines, and is told what was left out of those alone.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { afterEach, expect, test } from 'vitest';
import { createControlEvents } from '../../services/control/events.ts';
import { serveConsoles } from '../../services/control/live/console-channel.ts';
import { closeSockets } from '../../services/control/live/socket-server.ts';
import { type TailFilter, type TailReply, tailLimits } from '../../services/protocol/live.ts';
import type { TailChunkWire } from '../../services/protocol/wire.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { createLog } from '../../services/runtime/log.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

async function start() {
  const http = createServer();
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  stops.push(() => http.close());
  const sockets = new Server(http);
  stops.push(() => closeSockets(sockets));
  let filters: Readonly<Record<string, TailFilter>> = {};
  const consoles = serveConsoles(sockets, {
    clock: systemClock,
    events: createControlEvents({ version: '0.0.0' }, { log: createLog({ process: 'test', level: 'silent' }) }),
    readOverview: async () => {
      throw new Error('nobody asks for it here');
    },
    readNodes: () => [],
    setTails: (next) => {
      filters = next;
    },
  });
  stops.push(consoles.stop);
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/live`;

  async function follow(filter: TailFilter): Promise<{ socket: Socket; reply: TailReply; chunks: TailChunkWire[] }> {
    const socket = io(url, { transports: ['websocket'], forceNew: true });
    stops.push(() => socket.disconnect());
    const chunks: TailChunkWire[] = [];
    socket.on('tail', (chunk: TailChunkWire) => chunks.push(chunk));
    return { socket, chunks, reply: (await socket.timeout(5000).emitWithAck('tail:start', filter)) as TailReply };
  }
  return { consoles, follow, filters: () => filters };
}

const line = (text: string) => ({ node: 'mx1', time: 0, kind: 'info' as const, text });
const soon = { timeout: 5000, interval: 20 };

test('what is left out of one tail is no matter of another', async () => {
  const { consoles, follow, filters } = await start();
  const busy = await follow({ text: 'busy' });
  const quiet = await follow({ domain: 'shop.example' });
  const alike = await follow({ domain: 'shop.example' });
  expect(Object.values(filters())).toEqual([{ text: 'busy' }, { domain: 'shop.example' }]);
  const [busyKey = '', quietKey = ''] = Object.keys(filters());
  const many = Array.from({ length: tailLimits.linesPerSecond + 5 }, (_, at) => line(`busy ${at}`));
  consoles.sendTails({ [busyKey]: { lines: many, skipped: 7 }, [quietKey]: { lines: [line('quiet')], skipped: 0 } });
  await expect.poll(() => busy.chunks.reduce((sum, chunk) => sum + chunk.skipped, 0), soon).toBe(12);
  expect(busy.chunks.flatMap((chunk) => chunk.lines)).toHaveLength(tailLimits.linesPerSecond);
  for (const { chunks } of [quiet, alike]) {
    await expect.poll(() => chunks.length, soon).toBe(1);
    expect(chunks).toMatchObject([{ lines: [{ text: 'quiet' }], skipped: 0 }]);
  }
});

test('as many different filters as are followed at once, and no more; a page that leaves makes room', async () => {
  const { follow, filters } = await start();
  const followed = [];
  for (let at = 0; at < tailLimits.filtersMax; at += 1) followed.push(await follow({ text: `text ${at}` }));
  expect(followed.every(({ reply }) => reply.ok)).toBe(true);
  expect((await follow({ text: 'one more' })).reply).toEqual({ ok: false, code: 'overloaded' });
  expect((await follow({ text: 'text 3' })).reply).toEqual({ ok: true });
  expect((await follow({ domain: 'no domain' })).reply).toEqual({ ok: false, code: 'bad-request' });
  followed[0]?.socket.disconnect();
  await expect.poll(() => Object.keys(filters()).length, soon).toBe(tailLimits.filtersMax - 1);
  expect((await follow({ text: 'one more' })).reply).toEqual({ ok: true });
});
