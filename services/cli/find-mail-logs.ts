import { accessSync, constants, globSync, statSync } from 'node:fs';

/** Where Postfix and Dovecot write on the systems people run: Debian and Ubuntu, Red Hat and SUSE, Alpine and FreeBSD. */
export const usualMailLogs = [
  '/var/log/mail.log',
  '/var/log/maillog',
  '/var/log/mail/*.log',
  '/var/log/dovecot.log',
] as const;

/** Files followed at most; a site with more names them in the agent's configuration. */
const mailLogsMax = 20;

/** The usual mail logs that are there, can be read, and have something in them. */
export function findMailLogs(patterns: readonly string[] = usualMailLogs): string[] {
  const readable = globSync([...patterns]).filter((file) => {
    try {
      accessSync(file, constants.R_OK);
      const found = statSync(file);
      return found.isFile() && found.size > 0;
    } catch {
      // Gone or not ours to read: then it is not one of them.
      return false;
    }
  });
  return readable.toSorted().slice(0, mailLogsMax);
}
