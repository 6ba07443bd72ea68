// The frames that tell neighbours where an address is now: an ARP announcement (RFC 5227 3) and an unsolicited neighbour
// advertisement (RFC 4861 7.2.6).
import { ipv6Number } from './ruleset.ts';

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

/** An ARP request for the own address, to everybody. */
export function arpAnnouncement(address: string, mac: string): Buffer {
  const own = macBytes(mac);
  const ip = Buffer.from(address.split('.').map(Number));
  return Buffer.concat([
    ...[Buffer.alloc(6, 0xff), own, Buffer.from('0806', 'hex')],
    ...[Buffer.from('0001080006040001', 'hex'), own, ip, Buffer.alloc(6), ip],
  ]);
}

/** To all nodes (ff02::1), overriding what they knew, with the link-layer address as option. */
export function neighbourAdvertisement(address: string, mac: string): Buffer {
  const own = macBytes(mac);
  const source = Buffer.from(ipv6Number(address).slice(2), 'hex');
  const allNodes = Buffer.from('ff020000000000000000000000000001', 'hex');
  const message = Buffer.concat([Buffer.from('8800000020000000', 'hex'), source, Buffer.from('0201', 'hex'), own]);
  const length = Buffer.from([0, 0, 0, message.length]);
  const pseudoHeader = Buffer.concat([source, allNodes, length, Buffer.from([0, 0, 0, 58])]);
  message.writeUInt16BE(internetChecksum(Buffer.concat([pseudoHeader, message])), 2);
  const header = Buffer.from([0x60, 0, 0, 0, 0, message.length, 58, 255]);
  return Buffer.concat([
    Buffer.from('333300000001', 'hex'),
    own,
    Buffer.from('86dd', 'hex'),
    header,
    source,
    allNodes,
    message,
  ]);
}

/** RFC 1071; the length is even. */
function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
