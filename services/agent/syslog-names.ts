// Which Postfix instance a line's tag belongs to, where the tag alone does not tell: master.cf may give a service any
// syslog_name (`smtps/smtpd` of the instance `postfix`), and a queue id is one of its instance, whoever names it.
import { type SyslogName, syslogNameSchema, syslogNamesMax } from '../protocol/ingest.ts';
import { type PostfixInstance, readInstances } from './metrics/queue/instances.ts';

/** A reload of Postfix is noticed within this. */
const refreshMs = 60_000;

/** What the tag's own reading, its first part, gets wrong. An instance's own name is never another's. */
export function listSyslogNames(instances: readonly Pick<PostfixInstance, 'name' | 'services'>[]): SyslogName[] {
  const own = new Set(instances.map(({ name }) => name));
  const found = new Map<string, string>();
  for (const { name: instance, services } of instances) {
    if (instance.includes('/')) found.set(instance, instance);
    for (const { syslogName } of services) {
      if (syslogName === undefined || own.has(syslogName) || found.has(syslogName)) continue;
      if (syslogName.split('/')[0] !== instance) found.set(syslogName, instance);
    }
  }
  return [...found]
    .map(([name, instance]) => ({ name, instance }))
    .filter((one) => syslogNameSchema.safeParse(one).success)
    .slice(0, syslogNamesMax);
}

/** Reads them now and from time to time; what cannot be read leaves them as they were. */
export async function watchSyslogNames(
  configDirectory: string,
  deps: { readonly every: (periodMs: number, task: () => void) => () => void },
): Promise<{ readonly read: () => readonly SyslogName[]; readonly stop: () => void }> {
  let names: readonly SyslogName[] = [];
  const refresh = async () => {
    try {
      names = listSyslogNames((await readInstances(configDirectory)).instances);
    } catch {
      // No Postfix here, or not ours to read: a tag is then read by itself.
    }
  };
  await refresh();
  const stop = deps.every(refreshMs, () => void refresh());
  return { read: () => names, stop };
}
