import { isAbsolute } from 'node:path';
import { z } from 'zod';

const name = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\s=+]+$/, 'A name without spaces, = and +');

/** Which entries of the systemd journal are read. Whatever has the facility `mail` always is. */
export const journalConfigSchema = z.strictObject({
  /** Units whose entries are read, and of which journald's word counts that it dropped messages. */
  units: z
    .array(name)
    .max(100)
    .default([
      ...['postfix.service', 'postfix@-.service', 'dovecot.service', 'rspamd.service', 'opendkim.service'],
      ...['opendmarc.service', 'amavis.service', 'spamassassin.service', 'spamd.service', 'postgrey.service'],
      ...['clamav-daemon.service', 'clamav-milter.service', 'exim4.service', 'sendmail.service', 'saslauthd.service'],
    ]),
  /** Syslog identifiers whose entries are read. */
  identifiers: z.array(name).max(100).default([]),
  /** Another journal than the system's: a folder of journal files. */
  directory: z.string().refine(isAbsolute, 'An absolute path').optional(),
});
export type JournalConfig = z.infer<typeof journalConfigSchema>;

/** Programs that tell what was dropped before anybody could read it; see {@link concernsMail}. */
const droppers = ['systemd-journald', 'rsyslogd'];

/** Matches for journalctl(1): the mail facility, the units, the identifiers, and those who tell what was dropped. */
export function journalMatches(config: JournalConfig): string[] {
  const matches = [
    'SYSLOG_FACILITY=2',
    ...config.units.map((unit) => `_SYSTEMD_UNIT=${unit}`),
    ...[...config.identifiers, ...droppers].map((identifier) => `SYSLOG_IDENTIFIER=${identifier}`),
  ];
  return matches.flatMap((match, at) => (at === 0 ? [match] : ['+', match]));
}

/** journald tells of every unit whose messages it suppressed: only ours are news of the mail log. */
export function concernsMail(line: string, config: JournalConfig): boolean {
  const [, unit] = / systemd-journald(?:\[\d+\])?: Suppressed \d+ messages from (\S+)/.exec(line) ?? [];
  if (unit === undefined)
    return !/ (?:systemd-journald|rsyslogd)(?:\[\d+\])?: /.test(line) || /\blost\b|rate-limit/.test(line);
  return config.units.some((own) => unit === own || unit.endsWith(`/${own}`));
}
