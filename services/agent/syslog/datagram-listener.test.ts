import { expect, test } from 'vitest';
import { dropsOf } from './datagram-listener.ts';

const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1042: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41234 2 0000000000000000 17
 1043: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41235 2 0000000000000000 3
`;

test('what the kernel dropped is read from the row of the port', () => {
  expect(dropsOf(table, 8080)).toBe(17);
  expect(dropsOf(table, 514)).toBe(3);
  expect(dropsOf(table, 515)).toBe(0);
});
