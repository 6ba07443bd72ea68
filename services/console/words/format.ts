// Numbers, sizes, durations and times as a reader of one language expects them. Times are local; `utc` is for the hover.

/** Words for units, from the dictionary. */
export type UnitWords = {
  readonly ms: string;
  readonly s: string;
  readonly min: string;
  readonly h: string;
  readonly d: string;
};

export type Format = ReturnType<typeof createFormat>;

/** `timeZone` is the browser's own unless a test states one. */
export function createFormat(locale: string, units: UnitWords, timeZone?: string) {
  const zoneOption = timeZone === undefined ? {} : { timeZone };
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const fraction = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const timeOnly = new Intl.DateTimeFormat(locale, { ...clock, ...zoneOption });
  const timeMs = new Intl.DateTimeFormat(locale, { ...clock, fractionalSecondDigits: 3, ...zoneOption });
  const minuteOnly = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...zoneOption,
  });
  const dayAndTime = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', ...clock, ...zoneOption });
  const dayKey = new Intl.DateTimeFormat('en-CA', { ...zoneOption });
  const zoneName = new Intl.DateTimeFormat(locale, { timeZoneName: 'short', ...zoneOption });

  const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
    small === 0
      ? `${integer.format(large)} ${largeUnit}`
      : `${integer.format(large)} ${largeUnit} ${small} ${smallUnit}`;

  return {
    integer: (value: number): string => integer.format(value),
    /** For axes and tight places: `12.3K`. */
    compact: (value: number): string => compact.format(value),

    bytes(value: number): string {
      const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
      let amount = value;
      let step = 0;
      while (amount >= 1024 && step < steps.length - 1) {
        amount /= 1024;
        step += 1;
      }
      return `${(amount >= 100 ? integer : fraction).format(amount)} ${steps[step]}`;
    },

    /** At most two units, the second one whole: `340 ms`, `1.2 s`, `4 min 12 s`, `4 h 12 min`, `5 d 2 h`. */
    duration(ms: number): string {
      const value = Math.max(0, ms);
      if (value < 1) return value === 0 ? `0 ${units.s}` : `<1 ${units.ms}`;
      if (value < 1000) return `${Math.round(value)} ${units.ms}`;
      if (value < 59_950) return `${fraction.format(value / 1000)} ${units.s}`;
      const seconds = Math.round(value / 1000);
      if (seconds < 3600) return pair(Math.floor(seconds / 60), units.min, seconds % 60, units.s);
      const minutes = Math.round(seconds / 60);
      if (minutes < 1440) return pair(Math.floor(minutes / 60), units.h, minutes % 60, units.min);
      const hours = Math.round(minutes / 60);
      return pair(Math.floor(hours / 24), units.d, hours % 24, units.h);
    },

    time: (epochMs: number): string => timeOnly.format(epochMs),
    timeWithMs: (epochMs: number): string => timeMs.format(epochMs),
    minute: (epochMs: number): string => minuteOnly.format(epochMs),
    dayAndTime: (epochMs: number): string => dayAndTime.format(epochMs),
    /** The time alone when it is of the same local day as `now`, else with its day. */
    moment: (epochMs: number, now: number): string =>
      dayKey.format(epochMs) === dayKey.format(now) ? timeOnly.format(epochMs) : dayAndTime.format(epochMs),
    utc: (epochMs: number): string => `${new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '')} UTC`,
    /** `GMT+8`, as of the moment given: zones change with the season. */
    zone: (epochMs: number): string =>
      zoneName.formatToParts(epochMs).find((part) => part.type === 'timeZoneName')?.value ?? 'UTC',
  };
}
