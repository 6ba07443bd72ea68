import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Server as TlsServer } from 'node:tls';
import { defaultFleetPolicy } from '../fleet/fleet.ts';
import type { Clock } from '../runtime/clock.ts';
import { createLeaseKeeper } from '../runtime/lease/lease-keeper.ts';
import type { Logger } from '../runtime/log.ts';
import { listenOrExplain } from '../runtime/port-holder.ts';
import type { StopStack } from '../runtime/stop-stack.ts';
import { createCommandDesk } from './commands/command-desk.ts';
import { createCommandEvents } from './commands/command-events.ts';
import type { ControlConfig } from './config.ts';
import { createControlEvents } from './events.ts';
import { createFailoverEvents } from './failover/failover-events.ts';
import { createFailoverKeeper } from './failover/failover-keeper.ts';
import { createForgetNode } from './failover/forget-node.ts';
import { createOrderDesk } from './failover/order-desk.ts';
import { createQuestionDesk } from './failover/question-desk.ts';
import { createWitness } from './failover/witness.ts';
import { createFleetKeeper } from './fleet-keeper.ts';
import { createDoorkeeper, createPagekeeper } from './http/guards.ts';
import { createHttpServer } from './http/server.ts';
import { serveAgents } from './live/agent-channel.ts';
import { type ConsoleChannel, serveConsoles } from './live/console-channel.ts';
import { closeSockets, createSocketServer } from './live/socket-server.ts';
import { createNodeFile } from './node-file.ts';
import { createOldestQueued } from './oldest-queued.ts';
import { type OverviewRequest, readOverview } from './overview.ts';
import { createRetention } from './retention.ts';
import type { SeriesStore } from './series/series-store.ts';
import type { StateStore } from './state/state-store.ts';
import type { EventStore } from './store/event-store.ts';
import { controlNames } from './trust/control-names.ts';
import { createTrustEvents } from './trust/trust-events.ts';

const dayMs = 86_400_000;
const consoleFolder = join(import.meta.dirname, '..', 'console', 'dist');

/**
 * The composition root of control: everything that it is made of, started in order, each with its stop on `stack`.
 * Resolves when it serves, with the address it serves at. The store is the caller's; it is stopped here, last.
 */
export async function startControl(
  config: ControlConfig,
  deps: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly stack: StopStack;
    readonly store: EventStore;
    readonly series: SeriesStore;
    readonly state: StateStore;
    readonly version: string;
  },
): Promise<{ readonly url: string }> {
  const { clock, log, stack, store, series, state, version } = deps;
  stack.add('store', () => store.stop());
  stack.add('series', () => series.stop());
  stack.add('state', () => state.stop());
  const events = createControlEvents({ version }, { log });
  const policy = { ...defaultFleetPolicy, ...config.fleet };
  let consoles: ConsoleChannel | undefined;
  const nodeFile = createNodeFile(join(config.dataDir, 'nodes.json'), { onUnreadable: events.nodesNotRead });
  const fleet = await createFleetKeeper(policy, {
    ...{ clock, events, file: nodeFile },
    onChange: (states) => consoles?.sendNodes(states),
  });
  stack.add('fleet', fleet.stop);
  const failoverEvents = createFailoverEvents({ log, registry: events.registry });
  const failover = await createFailoverKeeper(
    { staleAfterMs: policy.staleAfterMs },
    { clock, state, events: failoverEvents, onChange: (groups) => consoles?.sendFailover(groups) },
  );
  stack.add('failover', failover.stop);
  const witness =
    config.lease === undefined
      ? undefined
      : createWitness({ socket: config.lease.socket }, { clock, failover, events: failoverEvents });
  if (witness !== undefined) stack.add('witness', witness.stop);
  if (config.lease !== undefined) stack.add('witness keeper', createLeaseKeeper(config.lease, { clock, log }).stop);
  const readOldestQueued = createOldestQueued({ clock, series });
  const overviewOf = (request: OverviewRequest) =>
    readOverview(request, { clock, store, readNodes: fleet.readNodes, readOldestQueued });

  const retention = createRetention(config.retention, { clock, store, series, state, events });
  stack.add('retention', retention.stop);

  const { host, port, tls } = config.listen;
  // The X.509 library takes its time to load, and only TLS needs it.
  const trust = tls
    ? await (await import('./trust/trust.ts')).createTrust(
        {
          dataDir: config.dataDir,
          names: controlNames(host, config.names),
          certificateMs: config.certificateDays * dayMs,
        },
        { clock, events: createTrustEvents({ log, registry: events.registry }) },
      )
    : undefined;
  if (trust !== undefined) stack.add('trust', trust.stop);
  const desk =
    trust === undefined
      ? undefined
      : createCommandDesk({
          ...{ clock, newId: randomUUID, sign: trust.signCommand },
          events: createCommandEvents({ log, registry: events.registry }),
          send: (node, command, withinMs) => agents.send(node, command, withinMs),
        });
  const orders =
    desk === undefined ? undefined : createOrderDesk({ clock, newId: randomUUID, desk, state, events: failoverEvents });
  const { names, pagesFrom, pagesBehindProxy } = config;
  const door = { names, pagesFrom, pagesBehindProxy, trust };
  const app = await createHttpServer(
    { version, names, pagesFrom, pagesBehindProxy, consoleFolder, inFlightBytesMax: config.ingest.inFlightBytesMax },
    {
      trust,
      desk,
      clock,
      store,
      series,
      retention,
      events,
      readOverview: overviewOf,
      readNodes: fleet.readNodes,
      forgetNode: createForgetNode({ fleet, failover }),
      failover: {
        ...{ failover, state },
        questions: createQuestionDesk({
          clock,
          ask: (node, question) => witness?.ask(node, question) ?? agents.askLease(node, question),
        }),
      },
      orders,
      renderMetrics: events.renderMetrics,
      onBatch: (envelope, report) => {
        fleet.report({ kind: 'batch', at: clock.now(), node: envelope.node });
        if (report.tails !== undefined) consoles?.sendTails(report.tails);
      },
    },
  );
  stack.add('http', () => app.close());
  trust?.followServerCertificate((context) => (app.server as unknown as TlsServer).setSecureContext(context));
  const sockets = createSocketServer(app.server, {
    whyRefused: createDoorkeeper(door),
    whyNoPage: createPagekeeper(door),
  });
  stack.add('sockets', () => closeSockets(sockets));
  const agents = serveAgents(sockets, config.fleet, {
    ...{ clock, events, fleet, trust },
    onResult: (node, result) => {
      desk?.resultCame(node, result);
      orders?.resultCame(node, result);
    },
    leases: { failover, events: failoverEvents },
  });
  consoles = serveConsoles(sockets, {
    clock,
    events,
    readOverview: overviewOf,
    readNodes: fleet.readNodes,
    setTails: (filters) => store.setTails(filters),
  });
  stack.add('live', consoles.stop);

  const url = await listenOrExplain(() => app.listen({ host, port }), { host, port, option: '--port' });
  log.info({ url }, 'control serves');
  return { url };
}
