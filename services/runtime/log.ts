import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** One JSON object a line on stderr, so that stdout stays free for answers. Secrets and mail addresses are never fields. */
export function createLog(options: { readonly process: string; readonly level: string }): Logger {
  return pino(
    {
      base: { process: options.process, pid: process.pid },
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['*.token', '*.password', '*.secret', 'authorization', '*.authorization'],
        censor: '[redacted]',
      },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
