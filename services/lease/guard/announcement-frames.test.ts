import { expect, test } from 'vitest';
import { arpAnnouncement, neighbourAdvertisement } from './announcement-frames.ts';
import { ipv6Number } from './ruleset.ts';

const mac = '02:00:5e:10:20:30';

test('an ARP announcement asks for its own address, from everybody', () => {
  expect(arpAnnouncement('192.0.2.100', mac).toString('hex')).toBe(
    'ffffffffffff02005e1020300806' + '0001080006040001' + '02005e102030c0000264' + '000000000000c0000264',
  );
});

test('a neighbour advertisement overrides, and its checksum is right (RFC 4443 2.3)', () => {
  const frame = neighbourAdvertisement('fd00::9', mac);
  expect(frame.subarray(0, 14).toString('hex')).toBe('33330000000102005e10203086dd');
  const [header, message] = [frame.subarray(14, 54), frame.subarray(54)];
  expect(header.readUInt16BE(4)).toBe(message.length);
  expect(message.subarray(0, 2).toString('hex')).toBe('8800');
  expect(message.readUInt8(4), 'override alone').toBe(0x20);
  expect(message.subarray(24).toString('hex')).toBe('020102005e102030');
  const summed = Buffer.concat([header.subarray(8), Buffer.from([0, 0, 0, message.length, 0, 0, 0, 58]), message]);
  let sum = 0;
  for (let at = 0; at < summed.length; at += 2) sum += summed.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});

test('an IPv6 address as one number', () => {
  expect(ipv6Number('fd00::9')).toBe('0xfd000000000000000000000000000009');
  expect(ipv6Number('2001:db8:0:1:2:3:4:5/64')).toBe('0x20010db8000000010002000300040005');
  expect(ipv6Number('::1')).toBe('0x00000000000000000000000000000001');
});
