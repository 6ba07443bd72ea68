import { z } from 'zod';

const charsMax = 64;
/** Names that were found good: asking the platform costs more than reading an envelope. A few zones serve a whole fleet. */
const known = new Set<string>();
const knownMax = 1000;

function isTimeZone(name: string): boolean {
  if (known.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  if (known.size < knownMax) known.add(name);
  return true;
}

/** A name of the IANA data base, as the platform knows it. */
export const timeZoneName = z
  .string()
  .max(charsMax)
  .refine((name) => name.length <= charsMax && isTimeZone(name), 'This is no IANA time zone, such as Europe/Berlin');
