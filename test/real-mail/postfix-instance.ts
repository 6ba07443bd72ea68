// One private Postfix instance under a folder of its own: its queue, data and log are there, it listens on loopback at high
// ports, and nothing of the system's own Postfix is touched.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../services/runtime/clock.ts';
import { runCommand } from './run-command.ts';

export type SmtpListener = { readonly port: number; readonly settings: Readonly<Record<string, string>> };

export type PostfixOptions = {
  readonly folder: string;
  /** `syslog_name`, which is also how Mailward tells instances apart. */
  readonly syslogName: string;
  readonly hostname: string;
  readonly listeners: readonly SmtpListener[];
  readonly settings: Readonly<Record<string, string>>;
  /** Lookup tables (texthash) by file name; a setting refers to one as `texthash:FOLDER/NAME`. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

export type PostfixInstance = { readonly logFile: string; readonly stop: () => Promise<void> };

const services = [
  'pickup unix n - n 60 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'smtp unix - - n - - smtp',
  'relay unix - - n - - smtp',
  'showq unix n - n - - showq',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'lmtp unix - - n - - lmtp',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'postlog unix-dgram n - n - 1 postlogd',
];

export function masterCf(listeners: readonly SmtpListener[]): string {
  const doors = listeners.map(({ port, settings }) => {
    const overrides = Object.entries(settings).map(([name, value]) => `\n  -o ${name}=${value}`);
    return `127.0.0.1:${port} inet n - n - - smtpd${overrides.join('')}`;
  });
  return `${[...doors, ...services].join('\n')}\n`;
}

/** Starts the instance; resolves when it says that it runs. */
export async function startPostfix(options: PostfixOptions): Promise<PostfixInstance> {
  const { folder, hostname, syslogName, listeners, tables } = options;
  const [config, queue, data] = [join(folder, 'etc'), join(folder, 'queue'), join(folder, 'data')];
  for (const path of [config, queue, data]) await mkdir(path, { recursive: true });
  await runCommand('chown', ['postfix', data]);
  const logFile = join(folder, 'mail.log');
  const settings = {
    compatibility_level: '3.6',
    queue_directory: queue,
    data_directory: data,
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: logFile,
    maillog_file_prefixes: folder,
    syslog_name: syslogName,
    myhostname: hostname,
    myorigin: hostname,
    mydestination: '',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    // No name service: everything that is needed is an address, and a test reaches nobody.
    smtp_dns_support_level: 'disabled',
    lmtp_dns_support_level: 'disabled',
    smtpd_peername_lookup: 'no',
    smtp_tls_security_level: 'none',
    in_flow_delay: '0',
    // What is deferred stays deferred for as long as a test runs.
    minimal_backoff_time: '1h',
    maximal_backoff_time: '2h',
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  await writeFile(join(config, 'main.cf'), `${lines.join('\n')}\n`);
  await writeFile(join(config, 'master.cf'), masterCf(listeners));
  for (const [name, rows] of Object.entries(tables)) {
    const text = Object.entries(rows).map(([key, value]) => `${key} ${value}\n`);
    await writeFile(join(config, name), text.join(''));
  }
  await runCommand('postfix', ['-c', config, 'start']);
  await untilLogSays(logFile, 'daemon started', 10_000);
  return {
    logFile,
    stop: () => runCommand('postfix', ['-c', config, 'stop']),
  };
}

/** Resolves when a file contains a text; throws with the file's end when it does not come to that in time. */
export async function untilLogSays(file: string, text: string, withinMs: number): Promise<void> {
  const endsAt = systemClock.monotonicMs() + withinMs;
  let content = '';
  while (systemClock.monotonicMs() < endsAt) {
    content = await readFile(file, 'utf8').catch(() => '');
    if (content.includes(text)) return;
    await new Promise<void>((resolve) => systemClock.after(50, resolve));
  }
  throw new Error(`${file} does not say "${text}" within ${withinMs} ms; its end is:\n${content.slice(-2000)}`);
}
