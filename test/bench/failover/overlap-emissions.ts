// What each host put on the wire in the name of the group's addresses, with the kernel's time: tcpdump on the switch's ports, read as
// it comes. One kernel stamps the frames of all hosts, so that two of them can be compared to the microsecond.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { addressBytes } from './overlap-frames.ts';
import { overlapPorts } from './overlap-ports.ts';

export type EmissionKind = 'arp' | 'neighbour' | 'udp' | 'container' | 'newTcp' | 'tcp' | 'syn' | 'other' | 'question';
/** `at`: ms since the epoch, to the microsecond; `port`: of the switch, so the number of the host. */
export type Emission = {
  readonly at: number;
  readonly port: number;
  readonly kind: EmissionKind;
  readonly isV6: boolean;
};

/** Of a cooked frame with its time (pcap-savefile(5), LINKTYPE_LINUX_SLL2): record header, link header. */
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const linkHeaderBytes = 20;
const snapBytes = 128;
/** More waiting input than this means that the reader cannot keep up, and what it says would be late. */
const inputBytesMax = 32 * 1024 * 1024;

export type Capture = {
  readonly emissions: () => readonly Emission[];
  /** Forgets what is older. */
  readonly forgetBefore: (at: number) => void;
  readonly stop: () => Promise<void>;
};

/** `portByIndex`: the switch's interface numbers and which host hangs there. Emissions are of IPv4 `v4` and IPv6 `v6` alone. */
export async function startCapture(
  switchName: string,
  portByIndex: ReadonlyMap<number, number>,
  client: number,
  v4: string,
  v6: string,
): Promise<Capture> {
  const [v4Bytes, v6Bytes] = [addressBytes(v4), addressBytes(v6)];
  const filter = `src host ${v4} or src host ${v6} or arp or (icmp6 and ip6[40] == 136)`;
  const options = [
    '-i',
    'any',
    '-Q',
    'in',
    '-n',
    '-U',
    '-s',
    String(snapBytes),
    '-B',
    '16384',
    '--immediate-mode',
    '-w',
    '-',
  ];
  const child: ChildProcess = spawn('ip', ['netns', 'exec', switchName, 'tcpdump', ...options, filter], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // What is asked and answered runs above everything else, and so must what listens.
  setPriority(child.pid ?? 0, constants.priority.PRIORITY_HIGHEST);
  let emissions: Emission[] = [];
  let input: Buffer = Buffer.alloc(0);
  let isHeaderRead = false;

  function read(part: Buffer): void {
    input = input.length === 0 ? part : Buffer.concat([input, part]);
    if (input.length > inputBytesMax) throw new Error('tcpdump writes faster than it is read');
    let at = 0;
    if (!isHeaderRead) {
      if (input.length < fileHeaderBytes) return;
      if (input.readUInt32LE(20) !== 276) throw new Error('tcpdump wrote another link type than SLL2');
      isHeaderRead = true;
      at = fileHeaderBytes;
    }
    while (input.length - at >= recordHeaderBytes) {
      const length = input.readUInt32LE(at + 8);
      if (input.length - at < recordHeaderBytes + length) break;
      const time = input.readUInt32LE(at) * 1000 + input.readUInt32LE(at + 4) / 1000;
      note(time, input.subarray(at + recordHeaderBytes, at + recordHeaderBytes + length));
      at += recordHeaderBytes + length;
    }
    input = input.subarray(at);
  }
  function note(at: number, frame: Buffer): void {
    const port = portByIndex.get(frame.readUInt32BE(4));
    if (port === undefined) return;
    const kind = kindOf(frame.readUInt16BE(0), frame.subarray(linkHeaderBytes), v4Bytes, v6Bytes);
    if (kind === undefined || (kind === 'question') !== (port === client)) return;
    emissions.push({ at, port, kind, isV6: frame.readUInt16BE(0) === 0x86dd });
  }
  child.stdout?.on('data', read);
  let said = '';
  child.stderr?.setEncoding('latin1').on('data', (text: string) => {
    said = (said + text).slice(-4096);
  });
  await Promise.race([
    once(child.stderr ?? child, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(`tcpdump ended: ${said}`))),
  ]);
  return {
    emissions: () => emissions,
    forgetBefore: (at) => {
      emissions = emissions.filter((emission) => emission.at >= at);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Undefined for what is not said in the name of an address; `question`: an ARP request for one. */
function kindOf(protocol: number, packet: Buffer, v4: Buffer, v6: Buffer): EmissionKind | undefined {
  if (protocol === 0x0806) {
    if (packet.subarray(14, 18).equals(v4)) return 'arp';
    return packet.subarray(24, 28).equals(v4) ? 'question' : undefined;
  }
  const isV6 = protocol === 0x86dd;
  const headerBytes = isV6 ? 40 : ((packet[0] ?? 0) & 15) * 4;
  const next = packet[isV6 ? 6 : 9];
  const payload = packet.subarray(headerBytes);
  if (isV6 && next === 58 && payload[0] === 136) return payload.subarray(8, 24).equals(v6) ? 'neighbour' : undefined;
  if (next === 17) return payload.readUInt16BE(0) === overlapPorts.behind ? 'container' : 'udp';
  if (next !== 6) return 'other';
  const flags = (payload[13] ?? 0) & 0x12;
  if (flags === 0x02) return 'syn';
  return flags === 0x12 ? 'newTcp' : 'tcp';
}
