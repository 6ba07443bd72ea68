import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where a process keeps its state unless it is told: /var/lib/mailward as root (file-hierarchy(7)), else the user's state
 * folder of the XDG Base Directory Specification.
 */
export function defaultDataDir(processName: 'agent' | 'control'): string {
  if (process.getuid?.() === 0) return join('/var/lib/mailward', processName);
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'mailward', processName);
}
