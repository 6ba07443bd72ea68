// The tags that a log repeats, read once each. A slot is chosen by a few characters around the end of the host and then
// compared, so a line whose tag is known costs neither a copy nor a map.
import { ownCopy, type ProgramTag, readProgramTag } from './program-tag.ts';

/** Tags that meet in one slot take it in turns and only lose speed. */
const slotsCount = 1024;

type Slot = { readonly text: string; readonly tag: ProgramTag };

export type TagTable = {
  /** The slot's guess for what stands at `start`; its text is there, but more may follow. */
  readonly guess: (line: string, start: number, hostEnd: number) => Slot | undefined;
  /** Reads the tag up to `end`, with the host before it when `hostEnd` lies after `start`, and remembers it. */
  readonly learn: (line: string, start: number, hostEnd: number, end: number) => ProgramTag;
};

export function createTagTable(): TagTable {
  const slots = new Array<Slot | undefined>(slotsCount).fill(undefined);

  /** `mx1 postfix/smtpd[`: the host's end and length, and what stands where daemons differ. Past the end NaN counts as 0. */
  function slotOf(line: string, start: number, hostEnd: number): number {
    const host = (hostEnd - start) * 31 + line.charCodeAt(hostEnd - 1);
    const near = line.charCodeAt(hostEnd + 1) * 7 + line.charCodeAt(hostEnd + 9) * 17;
    const far =
      line.charCodeAt(hostEnd + 10) * 37 + line.charCodeAt(hostEnd + 12) * 131 + line.charCodeAt(hostEnd + 13) * 257;
    return (host + near + far) & (slotsCount - 1);
  }

  return {
    guess(line, start, hostEnd) {
      const slot = slots[slotOf(line, start, hostEnd)];
      return slot !== undefined && line.startsWith(slot.text, start) ? slot : undefined;
    },
    learn(line, start, hostEnd, end) {
      const text = ownCopy(line.slice(start, end));
      const host = hostEnd > start ? text.slice(0, hostEnd - start) : undefined;
      const tag = readProgramTag(host, host === undefined ? text : text.slice(host.length + 1));
      slots[slotOf(line, start, hostEnd)] = { text, tag };
      return tag;
    },
  };
}
