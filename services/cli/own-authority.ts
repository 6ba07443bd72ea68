import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { defaultDataDir } from '../runtime/data-dir.ts';

/** Folders whose authority is believed already. */
const believed = new Set<string>();

/**
 * From now on this process believes the authority of the control whose data folder is `dataDir`, beside those that the system
 * believes and NODE_EXTRA_CA_CERTS. Where there is no such file, nothing changes.
 */
export function trustOwnAuthority(dataDir: string = defaultDataDir('control')): void {
  if (believed.has(dataDir)) return;
  believed.add(dataDir);
  try {
    const own = readFileSync(join(dataDir, 'trust', 'authority.crt'), 'utf8');
    setDefaultCACertificates([...getCACertificates('default'), own]);
  } catch {
    // Control runs elsewhere, or its folder is not for us: the system decides whom to believe.
  }
}
