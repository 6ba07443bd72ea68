// Instant → day and hour on the wall clock of a zone, at the cost of a map look-up.

/** Zones change their offset at whole quarters of an hour. */
const slotMs = 900_000;
/** Remembered slots: six weeks, after which they are learned anew. */
const slotsMax = 4_096;

export type LocalHour = { readonly day: string; readonly hour: number };

/** `day` is `2026-11-22`. An unknown zone is read as UTC. */
export function createReportClock(timeZone: string): (time: number) => LocalHour {
  const format = formatOf(timeZone);
  const slots = new Map<number, LocalHour>();
  return (time) => {
    const slot = Math.floor(time / slotMs);
    const known = slots.get(slot);
    if (known !== undefined) return known;
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(slot * slotMs)) part[type] = value;
    const local = { day: `${part.year}-${part.month}-${part.day}`, hour: Number(part.hour) };
    if (slots.size >= slotsMax) slots.clear();
    slots.set(slot, local);
    return local;
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23' } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, ...fields });
  } catch {
    return new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...fields });
  }
}
