import { join } from 'node:path';
import { readBounded } from '../bounded-read.ts';
import { type MasterService, parseMainCf, parseMasterCf, readParameter } from './main-cf.ts';

/** More instances than this on one node are left out; the sampler says so. */
export const instancesMax = 64;
const configBytesMax = 1024 * 1024;

export type PostfixInstance = {
  /** The syslog_name, as the log and `MailEvent.instance` have it. */
  readonly name: string;
  readonly queueDirectory: string;
  /** default_process_limit; 0 means that there is none. */
  readonly defaultProcessLimit: number;
  readonly services: readonly MasterService[];
};

/** What main.cf may leave out (postconf(5)), as far as it is read here. */
const defaults = {
  queue_directory: '/var/spool/postfix',
  default_process_limit: '100',
} as const;

/**
 * The instance under `configDirectory` and those that it names in `multi_instance_directories` (what `postmulti -l` lists)
 * and `alternate_config_directories`. Empty when there is no main.cf: then there is no Postfix here. An instance that is
 * named but cannot be read is left out of the list and named in `unreadable`.
 */
export async function readInstances(
  configDirectory: string,
): Promise<{ readonly instances: readonly PostfixInstance[]; readonly unreadable: readonly string[] }> {
  const first = await readInstance(configDirectory);
  if (first === undefined) return { instances: [], unreadable: [] };
  const others = [
    ...new Set(
      ['multi_instance_directories', 'alternate_config_directories'].flatMap((name) =>
        readParameter(first.valueByName, name, defaults)
          .split(/[\s,]+/)
          .filter((directory) => directory.startsWith('/') && directory !== configDirectory),
      ),
    ),
  ];
  const instances = [first.instance];
  const unreadable = others.slice(instancesMax - 1);
  for (const directory of others.slice(0, instancesMax - 1)) {
    const other = await readInstance(directory).catch(() => undefined);
    if (other === undefined) unreadable.push(directory);
    else instances.push(other.instance);
  }
  return { instances, unreadable };
}

async function readInstance(
  directory: string,
): Promise<{ instance: PostfixInstance; valueByName: ReadonlyMap<string, string> } | undefined> {
  const mainCf = await readBounded(join(directory, 'main.cf'), configBytesMax);
  if (mainCf === undefined) return undefined;
  const masterCf = await readBounded(join(directory, 'master.cf'), configBytesMax);
  const valueByName = parseMainCf(mainCf);
  const limit = Number(readParameter(valueByName, 'default_process_limit', defaults));
  return {
    valueByName,
    instance: {
      // Postfix's own default of syslog_name is the instance's name, and `postfix` where it has none.
      name:
        readParameter(valueByName, 'syslog_name', defaults) ||
        readParameter(valueByName, 'multi_instance_name', defaults) ||
        'postfix',
      queueDirectory: readParameter(valueByName, 'queue_directory', defaults),
      defaultProcessLimit: Number.isFinite(limit) ? limit : Number(defaults.default_process_limit),
      services: parseMasterCf(masterCf ?? '').map((service) => ({
        ...service,
        syslogName: service.syslogName && expandFor(service, service.syslogName, valueByName),
      })),
    },
  };
}

/** A value of master.cf may name parameters of main.cf, and the service that it stands at (postconf(5), service_name). */
const expandFor = (service: MasterService, text: string, valueByName: ReadonlyMap<string, string>): string =>
  readParameter(new Map([...valueByName, ['service_name', service.name], ['-', text]]), '-', defaults);
