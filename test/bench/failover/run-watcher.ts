// Runs on a host beside keepalived: looks every 50 ms whether the service's process lives, and writes 0 or 1 into the file that
// keepalived tracks. Arguments: pid file, tracked file.
import { readFileSync, writeFileSync } from 'node:fs';

const everyMs = 50;
const [pidFile = '', trackedFile = ''] = process.argv.slice(2);

function isAlive(): boolean {
  try {
    const stat = readFileSync(`/proc/${Number(readFileSync(pidFile, 'latin1'))}/stat`, 'latin1');
    return !'ZX'.includes(stat.charAt(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
let written = '';
setInterval(() => {
  const value = isAlive() ? '0\n' : '1\n';
  if (value !== written) writeFileSync(trackedFile, value);
  written = value;
}, everyMs);
process.stdout.write('ready\n');
