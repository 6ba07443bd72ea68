import { Counter, Gauge, type Registry } from 'prom-client';
import type { Logger } from '../../runtime/log.ts';

export type SyslogEvents = ReturnType<typeof createSyslogEvents>;
type Transport = 'stream' | 'datagram';
/** Why something that came over the network was not taken. */
type Refusal =
  | ('connections' | 'silent' | 'memory' | 'slow' | 'idle' | 'malformed' | 'handshake')
  | ('full' | 'empty' | 'kernel');

/** Refusals of one kind are logged the first time and then every so many. */
const refusalsPerLogLine = 1000;

/** What happens at the syslog listeners, in the log and in the metrics. */
export function createSyslogEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log } = deps;
  const registers = [deps.registry];
  const taken = new Counter({
    ...{ name: 'mailward_agent_syslog_messages_total', help: 'Syslog messages that were taken' },
    ...{ labelNames: ['transport'], registers },
  });
  const refused = new Counter({
    ...{ name: 'mailward_agent_syslog_refused_total', help: 'Syslog messages and connections that were refused' },
    ...{ labelNames: ['transport', 'reason'], registers },
  });
  const cut = new Counter({
    ...{ name: 'mailward_agent_syslog_cut_total', help: 'Syslog messages that were cut', registers },
  });
  const connections = new Gauge({
    ...{ name: 'mailward_agent_syslog_connections', help: 'Open syslog connections', registers },
  });
  const spoolBytes = new Gauge({
    ...{ name: 'mailward_agent_spool_bytes', help: 'Bytes on disk that the spool takes', registers },
  });
  const spoolFull = new Counter({
    ...{ name: 'mailward_agent_spool_full_total', help: 'Writes that the spool had no room for', registers },
  });
  const counts = new Map<string, number>();
  return {
    syslogListening: (ports: object): void => log.info(ports, 'syslog is taken'),
    syslogTaken: (transport: Transport, messages = 1): void => taken.inc({ transport }, messages),
    syslogCut: (messages: number): void => cut.inc(messages),
    syslogConnections: (open: number): void => connections.set(open),
    syslogRefused: (transport: Transport, reason: Refusal, times = 1): void => {
      refused.inc({ transport, reason }, times);
      const before = counts.get(transport + reason) ?? 0;
      const count = before + times;
      counts.set(transport + reason, count);
      if (Math.ceil(before / refusalsPerLogLine) < Math.ceil(count / refusalsPerLogLine))
        log.warn({ transport, reason, count }, 'syslog is refused');
    },
    syslogFault: (error: unknown): void => log.warn({ err: error }, 'a syslog message could not be kept'),
    spoolSize: (bytes: number): void => spoolBytes.set(bytes),
    spoolFull: (): void => {
      spoolFull.inc();
      log.warn('the spool is full; those who can wait are made to');
    },
    spoolTorn: (bytes: number): void => log.warn({ bytes }, 'the end of the spool was torn by a crash and is cut off'),
  };
}
