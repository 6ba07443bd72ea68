// Two mail hosts of real daemons on loopback: `edge` (Postfix with a content filter) and `store` (Postfix before Dovecot).
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStopStack } from '../../services/runtime/stop-stack.ts';
import { startDovecot } from './dovecot-instance.ts';
import { mailboxUsers, mailDomain, sinkDomains } from './plan.ts';
import { startPostfix } from './postfix-instance.ts';
import { listenFilter, listenSink } from './sinks.ts';

export type MailSite = {
  /** Removed by `stop`. */
  readonly folder: string;
  readonly ports: { readonly direct: number; readonly filtered: number; readonly imap: number };
  readonly logs: { readonly edge: readonly string[]; readonly store: readonly string[] };
  readonly stop: () => Promise<void>;
};

/** Ports that are free now. All are held until all are known, so that none comes twice. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export async function startMailSite(): Promise<MailSite> {
  const stack = createStopStack({ deadlineMs: 60_000 });
  const stop = async () => {
    const { failed } = await stack.stop();
    if (failed.length > 0)
      throw new AggregateError(
        failed.map(({ error }) => error),
        'the mail site did not stop cleanly',
      );
  };
  const folder = mkdtempSync(join(tmpdir(), 'mailward-real-mail-'));
  stack.add('folder', () => rmSync(folder, { recursive: true, force: true }));
  try {
    // The daemons run under accounts of their own and must be able to walk in.
    await chmod(folder, 0o755);
    const [imap = 0, direct = 0, filtered = 0, reinject = 0, inner = 0] = await findFreePorts(5);

    const dovecot = await startDovecot({ folder: join(folder, 'dovecot'), imapPort: imap, users: mailboxUsers });
    stack.add('dovecot', dovecot.stop);
    const storeFolder = join(folder, 'store');
    const store = await startPostfix({
      folder: storeFolder,
      syslogName: 'postfix',
      hostname: 'store.real.test',
      listeners: [{ port: inner, settings: { mynetworks: '127.0.0.0/8' } }],
      settings: {
        virtual_mailbox_domains: mailDomain,
        // Dovecot alone knows who has a mailbox: what it refuses is bounced here.
        virtual_mailbox_maps: `regexp:${storeFolder}/etc/everyone`,
        virtual_transport: `lmtp:unix:${dovecot.lmtpSocket}`,
      },
      tables: { everyone: { '/@/': 'x' } },
    });
    stack.add('store', store.stop);

    const sinks = {
      takes: await listenSink('takes'),
      defers: await listenSink('defers'),
      bounces: await listenSink('bounces'),
    };
    for (const [mood, sink] of Object.entries(sinks)) stack.add(`sink that ${mood}`, sink.stop);
    const filter = await listenFilter(reinject);
    stack.add('filter', filter.stop);

    const edgeFolder = join(folder, 'edge');
    const table = (type: string, name: string) => `${type}:${edgeFolder}/etc/${name}`;
    const nextHop = (port: number) => `smtp:[127.0.0.1]:${port}`;
    const edge = await startPostfix({
      folder: edgeFolder,
      syslogName: 'postfix-edge',
      hostname: 'edge.real.test',
      listeners: [
        { port: direct, settings: { smtpd_sasl_auth_enable: 'yes' } },
        { port: filtered, settings: { content_filter: nextHop(filter.port) } },
        {
          port: reinject,
          settings: {
            syslog_name: 'postfix-edge/reinject',
            mynetworks: '127.0.0.0/8',
            smtpd_recipient_restrictions: 'permit_mynetworks,reject',
            receive_override_options: 'no_header_body_checks,no_unknown_recipient_checks',
          },
        },
      ],
      settings: {
        mynetworks: '',
        relay_domains: [mailDomain, ...Object.values(sinkDomains)].join(' '),
        relay_recipient_maps: `${table('texthash', 'recipients')} ${table('regexp', 'ghosts')}`,
        transport_maps: table('texthash', 'transport'),
        smtpd_relay_restrictions: 'permit_mynetworks reject_unauth_destination',
        smtpd_recipient_restrictions: `check_recipient_access ${table('regexp', 'access')}`,
        smtpd_sasl_type: 'dovecot',
        smtpd_sasl_path: dovecot.authSocket,
        enable_long_queue_ids: 'yes',
      },
      tables: {
        recipients: Object.fromEntries(
          [...mailboxUsers, ...Object.values(sinkDomains).map((name) => `@${name}`)].map((key) => [key, 'x']),
        ),
        ghosts: { '/^ghost/': 'x' },
        access: { '/^blocked/': 'REJECT The policy of this site says no' },
        transport: {
          [mailDomain]: nextHop(inner),
          [sinkDomains.takes]: nextHop(sinks.takes.port),
          [sinkDomains.defers]: nextHop(sinks.defers.port),
          [sinkDomains.bounces]: nextHop(sinks.bounces.port),
        },
      },
    });
    stack.add('edge', edge.stop);
    return {
      folder,
      ports: { direct, filtered, imap },
      logs: { edge: [edge.logFile], store: [store.logFile, dovecot.logFile] },
      stop,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}
