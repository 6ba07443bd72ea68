import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createSeats } from './seats.ts';

let port = 1000;
function connection(remoteAddress: string) {
  const socket = Object.assign(new EventEmitter(), {
    ...{ remoteAddress, remotePort: port++, localPort: 514, isGone: false },
    destroy: () => {
      socket.isGone = true;
      socket.emit('close');
    },
  });
  return socket as unknown as Socket & { isGone: boolean };
}

test('a newcomer takes the seat of the oldest that never said anything, and of nobody else', () => {
  const seats = createSeats({ connectionsMax: 3, connectionsPerAddressMax: 3 });
  const [good, mute, muter] = [connection('::1'), connection('10.0.0.1'), connection('10.0.0.2')];
  for (const one of [good, mute, muter]) expect(seats.take(one)).toBe('free');
  seats.hasSpoken(good);
  expect(seats.take(connection('10.0.0.3'))).toBe('displaced');
  expect([good.isGone, mute.isGone, muter.isGone]).toEqual([false, true, false]);
  seats.hasSpoken(muter);
  const last = connection('10.0.0.4');
  expect(seats.take(last)).toBe('displaced');
  seats.hasSpoken(last);
  expect(seats.take(connection('10.0.0.5'))).toBe('none');
  good.destroy();
  expect(seats.take(connection('10.0.0.5'))).toBe('free');
});

test('one address has its share, and gets it back seat by seat', () => {
  const seats = createSeats({ connectionsMax: 10, connectionsPerAddressMax: 2 });
  const first = connection('10.0.0.1');
  expect([seats.take(first), seats.take(connection('10.0.0.1')), seats.take(connection('10.0.0.1'))]).toEqual([
    'free',
    'free',
    'none',
  ]);
  expect(seats.take(connection('10.0.0.2'))).toBe('free');
  first.destroy();
  expect(seats.take(connection('10.0.0.1'))).toBe('free');
});
