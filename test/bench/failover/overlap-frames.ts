// The frames that ask one host, or all, for an address: each is addressed to the host itself, so that no neighbour's memory
// decides who is asked.
import { isIPv6 } from 'node:net';
import { ipv6Number } from '../../../services/lease/guard/ruleset.ts';

export type Station = { readonly mac: string; readonly address: string };

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
export const addressBytes = (address: string): Buffer =>
  isIPv6(address) ? Buffer.from(ipv6Number(address).slice(2), 'hex') : Buffer.from(address.split('.').map(Number));

/** RFC 1071. */
function checksum(...parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Payload with its checksum at `checksumAt`, in an IPv4 or IPv6 packet, in a frame to `toMac`. */
function packetFrame(
  from: Station,
  to: Station,
  protocol: number,
  payload: Buffer,
  checksumAt: number,
  hopLimit = 64,
): Buffer {
  const [source, target] = [addressBytes(from.address), addressBytes(to.address)];
  const { length } = payload;
  const pseudo = Buffer.from([0, 0, 0, protocol, 0, 0, length >> 8, length & 0xff]);
  payload.writeUInt16BE(checksum(source, target, pseudo, payload), checksumAt);
  const link = [macBytes(to.mac), macBytes(from.mac)];
  if (isIPv6(from.address)) {
    const header = Buffer.from([0x60, 0, 0, 0, length >> 8, length & 0xff, protocol, hopLimit]);
    return Buffer.concat([...link, Buffer.from('86dd', 'hex'), header, source, target, payload]);
  }
  const header = Buffer.from([
    0x45,
    0,
    (length + 20) >> 8,
    (length + 20) & 0xff,
    0,
    0,
    0x40,
    0,
    hopLimit,
    protocol,
    0,
    0,
  ]);
  header.writeUInt16BE(checksum(header, source, target), 10);
  return Buffer.concat([...link, Buffer.from('0800', 'hex'), header, source, target, payload]);
}

/** Who has it (RFC 826), to everybody. */
export function arpRequest(from: Station, address: string): Buffer {
  const [mac, ip] = [macBytes(from.mac), addressBytes(from.address)];
  return Buffer.concat([
    ...[Buffer.alloc(6, 0xff), mac, Buffer.from('08060001080006040001', 'hex')],
    ...[mac, ip, Buffer.alloc(6), addressBytes(address)],
  ]);
}

/** Neighbour solicitation (RFC 4861 4.3), to the group of all that may have it. */
export function neighbourSolicitation(from: Station, address: string): Buffer {
  const target = addressBytes(address);
  const tail = target.subarray(13).toString('hex');
  const group = `ff02::1:ff${tail.slice(0, 2)}:${tail.slice(2)}`;
  const message = Buffer.concat([
    ...[Buffer.from('8700000000000000', 'hex'), target, Buffer.from('0101', 'hex'), macBytes(from.mac)],
  ]);
  const mac = `33:33:ff:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4)}`;
  return packetFrame(from, { mac, address: group }, 58, message, 2, 255);
}

export function udpFrame(from: Station, to: Station, sourcePort: number, port: number): Buffer {
  const datagram = Buffer.alloc(10);
  datagram.writeUInt16BE(sourcePort, 0);
  datagram.writeUInt16BE(port, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  return packetFrame(from, to, 17, datagram, 6);
}

/** `syn` opens a connection; `ack` is of one that the host does not know, so that it answers with a reset. */
export function tcpFrame(from: Station, to: Station, sourcePort: number, port: number, kind: 'syn' | 'ack'): Buffer {
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(sourcePort, 0);
  segment.writeUInt16BE(port, 2);
  segment.writeUInt32BE(0x1000, 4);
  segment.writeUInt32BE(kind === 'ack' ? 0x2000 : 0, 8);
  segment.set([0x50, kind === 'ack' ? 0x10 : 0x02, 0xff, 0xff], 12);
  return packetFrame(from, to, 6, segment, 16);
}
