import { AppError } from '../protocol/errors.ts';
import type { Logger } from '../runtime/log.ts';

/** What anybody who reaches the port can cause as often as they like: metrics count it, and the log would fill the disk. */
const strangersCodes: readonly string[] = ['certificate-needed', 'certificate-refused', 'too-many-attempts'];
export const isStrangersDoing = (code: string): boolean => strangersCodes.includes(code);

/** Says who was refused what and why; a stack only of what is no refusal but a fault of ours. */
export function logRefusal(
  log: Pick<Logger, 'warn'>,
  error: unknown,
  sentence: string,
  about: Readonly<Record<string, unknown>> = {},
): void {
  if (!(error instanceof AppError)) log.warn({ code: 'internal', err: error, ...about }, sentence);
  else if (!isStrangersDoing(error.code)) log.warn({ code: error.code, detail: error.message, ...about }, sentence);
}
