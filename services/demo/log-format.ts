/** The two header forms of a mail log: rsyslog's default since Debian 12 (RFC 3339) and the classic one (RFC 3164). */
export type TimeFormat = 'iso' | 'classic';

/** A clock's local offset from UTC in minutes, east positive, at an instant. */
export type OffsetMinutes = (epochMs: number) => number;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const twoDigits = (value: number): string => String(value).padStart(2, '0');

/**
 * One line as syslog writes it, without the line end. `time` is epoch ms; the microseconds of the ISO form are its fraction.
 * `pid` is absent for Dovecot, which names its processes in the text.
 */
export function formatLogLine(
  format: TimeFormat,
  offsetMinutes: OffsetMinutes,
  line: { time: number; host: string; program: string; pid: number | undefined; text: string },
): string {
  const offset = offsetMinutes(line.time);
  const local = new Date(line.time + offset * 60_000);
  const tag = line.pid === undefined ? line.program : `${line.program}[${line.pid}]`;
  const clock = `${twoDigits(local.getUTCHours())}:${twoDigits(local.getUTCMinutes())}:${twoDigits(local.getUTCSeconds())}`;
  if (format === 'classic') {
    const day = String(local.getUTCDate()).padStart(2, ' ');
    return `${months[local.getUTCMonth()]} ${day} ${clock} ${line.host} ${tag}: ${line.text}`;
  }
  const date = `${local.getUTCFullYear()}-${twoDigits(local.getUTCMonth() + 1)}-${twoDigits(local.getUTCDate())}`;
  const micros = String(Math.floor((((line.time % 1000) + 1000) % 1000) * 1000)).padStart(6, '0');
  const zone = `${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(offset) / 60))}:${twoDigits(Math.abs(offset) % 60)}`;
  return `${date}T${clock}.${micros}${zone} ${line.host} ${tag}: ${line.text}`;
}
