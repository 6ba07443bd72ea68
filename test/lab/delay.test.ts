import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test, vi } from 'vitest';
import { serveDelay, waitingMax } from '../../services/lab/delay.ts';
import { type Clock, systemClock } from '../../services/runtime/clock.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function bindSocket(): Promise<{ socket: Socket; port: number; received: string[] }> {
  const socket = createSocket('udp4');
  stops.push(() => socket.close());
  const received: string[] = [];
  socket.on('message', (packet) => received.push(packet.toString()));
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return { socket, port: socket.address().port, received };
}

/** A relay whose time stands still until `pass` lets all waiting packets go. */
async function startRelay(toPort: number): Promise<{ port: number; waits: number[]; pass: () => void }> {
  const waits: number[] = [];
  const tasks: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, task) => {
      waits.push(delayMs);
      tasks.push(task);
      return () => {};
    },
  };
  const { port, stop } = await serveDelay(0, toPort, 5000, { clock });
  stops.push(stop);
  return {
    port,
    waits,
    pass: () => {
      for (const task of tasks.splice(0)) task();
    },
  };
}

test('a packet is passed on when its time is over, and not before', async () => {
  const receiver = await bindSocket();
  const relay = await startRelay(receiver.port);
  const { socket } = await bindSocket();
  socket.send('packet', relay.port, '127.0.0.1');
  await vi.waitFor(() => expect(relay.waits).toEqual([5000]));
  expect(receiver.received).toEqual([]);
  relay.pass();
  await vi.waitFor(() => expect(receiver.received).toEqual(['packet']));
});

test(`beyond ${waitingMax} waiting packets the next are lost, and there is room again when they have gone`, async () => {
  const receiver = await bindSocket();
  const relay = await startRelay(receiver.port);
  const { socket } = await bindSocket();
  /** The relay's turn comes after each: what is sent has been looked at. */
  const send = async (count: number) => {
    for (let sent = 0; sent < count; sent++) socket.send('x', relay.port, '127.0.0.1');
    await new Promise<void>((done) => setTimeout(done));
  };
  for (let batch = 0; batch < 300 && relay.waits.length < waitingMax; batch++) await send(50);
  for (let batch = 0; batch < 10; batch++) await send(20);
  expect(relay.waits.length).toBe(waitingMax);
  relay.pass();
  await send(1);
  await vi.waitFor(() => expect(relay.waits.length).toBeGreaterThan(waitingMax));
});
