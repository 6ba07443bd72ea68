import type { SyslogName } from '../protocol/ingest.ts';
import { protocolVersion } from '../protocol/version.ts';
import type { Clock } from '../runtime/clock.ts';
import { createLeaseKeeper } from '../runtime/lease/lease-keeper.ts';
import type { Logger } from '../runtime/log.ts';
import type { StopStack } from '../runtime/stop-stack.ts';
import { createCommandIntake } from './actions/command-intake.ts';
import { createCheckpointSaver, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { AgentConfig } from './config.ts';
import { createControlChannel } from './control-channel.ts';
import { createAgentEvents } from './events.ts';
import { createLineCounter } from './metrics/log/line-counter.ts';
import { createNodeMetrics } from './metrics/node-metrics.ts';
import { createMetricsPush } from './metrics/push.ts';
import { createPushEvents } from './metrics/push-events.ts';
import { startMetricsServer } from './metrics-server.ts';
import { openStreams } from './open-streams.ts';
import { connectionsMax, createBulkClient, isHopeless } from './ship/bulk-client.ts';
import { type CountLines, createPump } from './ship/pump.ts';
import { readyStreams, type StreamSource } from './ship/shippable.ts';
import { createSyslogEvents } from './syslog/syslog-events.ts';
import { startSyslog } from './syslog/syslog-source.ts';
import { watchSyslogNames } from './syslog-names.ts';
import { createFileLister, type FileLister, filesMax } from './tail/list-files.ts';
import { createSources, type Sources } from './tail/sources.ts';
import { watchFolders } from './tail/watch-folders.ts';
import { commandKeyOf } from './trust/identity.ts';
import { createIdentityEvents } from './trust/identity-events.ts';
import { createIdentityKeeper } from './trust/identity-keeper.ts';

/** Between news of a file and the look at it: what is written in between goes into the same batch. */
const lingerMs = 30;

/** File systems stamp with a coarser clock than ours. */
const fileTimeSlackMs = 2000;

type AgentDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly stack: StopStack;
  readonly random: () => number;
  readonly version: string;
};

/**
 * The composition root of the agent: everything that it is made of, started in order, each with its stop on `stack`.
 * Resolves when its own endpoint serves; control need not be there yet.
 */
export async function startAgent(config: AgentConfig, deps: AgentDeps): Promise<{ readonly url: string }> {
  const { clock, log, stack, random, version } = deps;
  const events = createAgentEvents({ version }, { log });
  const startedMs = clock.now();
  let sources: Sources | undefined;
  const readSources = () => sources?.report();

  const nodeMetrics = createNodeMetrics(config.metrics, { clock, log, registry: events.registry });
  stack.add('node metrics', nodeMetrics.stop);
  const lineCounter = createLineCounter(
    { startedAt: startedMs, timeZone: config.timeZone },
    { observe: nodeMetrics.observe, now: clock.now },
  );
  // A fault in counting must not keep a line from control.
  const countLines: CountLines = (batch, lines) =>
    lineCounter.count(batch, lines).catch((error: unknown) => events.lineCountFault(batch.path, error));
  const metrics = await startMetricsServer(config.metrics, {
    registry: events.registry,
    observe: () => events.sourcesObserved(readSources() ?? []),
    onFault: events.metricsFault,
  });
  stack.add('metrics endpoint', metrics.stop);

  const keeper =
    config.identity === undefined
      ? undefined
      : createIdentityKeeper(
          config.identity,
          { controlUrl: config.control, dataDir: config.dataDir, connectionsMax },
          { clock, random, events: createIdentityEvents({ log, registry: events.registry }) },
        );
  if (keeper !== undefined) stack.add('identity', keeper.stop);
  // Only a node with a lease process pays for what speaks with one.
  const lease =
    config.lease === undefined
      ? undefined
      : (await import('./lease/lease-side.ts')).createLeaseSide(
          { node: config.node, socket: config.lease.socket },
          { clock, events },
        );
  if (lease !== undefined) stack.add('lease link', lease.stop);
  const commands = await createCommandIntake(
    config.actions,
    {
      ...{ node: config.node, dataDir: config.dataDir },
      readKey: keeper === undefined ? undefined : () => commandKeyOf(keeper.identity()),
    },
    { clock, log, registry: events.registry, order: lease?.order },
  );
  stack.add('actions', commands.stop);
  const channel = createControlChannel(
    {
      controlUrl: config.control,
      node: config.node,
      readHello: () => ({
        ...{ protocolVersion, node: config.node, version, startedMs, pid: process.pid },
        mode: commands.isActive ? 'active' : 'observe-only',
        ...{ metricsPort: metrics.port, timeZone: config.timeZone },
      }),
    },
    { clock, events, readSources, keeper, commands, lease },
  );
  stack.add('control channel', channel.stop);

  // Messages are taken, and kept, before control has been asked anything.
  const syslog =
    config.syslog === undefined
      ? undefined
      : await startSyslog(
          { node: config.node, dataDir: config.dataDir, config: config.syslog },
          { clock, events: createSyslogEvents({ log, registry: events.registry }) },
        );
  if (syslog !== undefined) stack.add('syslog', syslog.stop);

  if (config.lease !== undefined) stack.add('lease keeper', createLeaseKeeper(config.lease, { clock, log }).stop);
  const stopping = new AbortController();
  const client = createBulkClient(config.control, {
    ...{ events, random, signal: stopping.signal },
    connections: keeper?.connections,
  });
  const checkpoint = await loadCheckpoint(config.dataDir, config.node, events.checkpointFault);
  // Killed before control ever answered, it was here all the same: what was written since then is ours to find.
  if (checkpoint === undefined)
    await saveCheckpoint(config.dataDir, { version: 1, node: config.node, lookedMs: startedMs, sources: [] }).catch(
      events.checkpointFault,
    );
  const syslogNames = await watchSyslogNames(config.metrics.postfixDirectory, clock);
  stack.add('syslog names', syslogNames.stop);
  // Which lines control holds is asked before the first one is sent, however long that takes; the agent serves meanwhile.
  const following = client.fetchOffsets(config.node).then(
    ({ sources: start }) => {
      const { node } = config;
      const awaySince = (checkpoint?.lookedMs ?? startedMs) - fileTimeSlackMs;
      const options = { node, awaySince, quietMs: config.tail.quietMs, start, checkpoint };
      const lister = createFileLister(node, config.files, events.fileFault);
      sources = createSources(options, { now: clock.now, events, onPackedEnd: lister.sized });
      const { signal } = stopping;
      return followFiles(
        config,
        { sources, lister },
        {
          ...{ ...deps, client, events, signal, countLines, onFirstLook: channel.beat },
          readSyslogNames: syslogNames.read,
          openStreams: (onNews) => openStreams(config, start, { clock, events, syslog, onNews }),
        },
      );
    },
    (error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    },
  );
  stack.add('tail', async () => {
    stopping.abort();
    await (await following)?.stop();
  });
  if (config.metrics.push !== null) {
    const push = createMetricsPush(
      { node: config.node, cadenceMs: config.metrics.push.cadenceMs },
      {
        ...{ clock, registry: events.registry, send: client.pushScrape, isHopeless },
        observe: () => events.sourcesObserved(readSources() ?? []),
        events: createPushEvents({ log, registry: events.registry }),
      },
    );
    stack.add('metrics push', push.stop);
  }
  return { url: metrics.url };
}

/** Looks at the files when something is heard of them, and every `pollMs`; has what is new carried to control. */
function followFiles(
  config: AgentConfig,
  { sources, lister }: { readonly sources: Sources; readonly lister: FileLister },
  deps: AgentDeps & {
    readonly client: ReturnType<typeof createBulkClient>;
    readonly events: ReturnType<typeof createAgentEvents>;
    readonly signal: AbortSignal;
    readonly countLines: CountLines;
    readonly onFirstLook: () => void;
    readonly readSyslogNames: () => readonly SyslogName[];
    readonly openStreams: (onNews: () => void) => readonly StreamSource[];
  },
): { readonly stop: () => Promise<void> } {
  const { clock, events, client, signal, countLines } = deps;
  const { node, timeZone } = config;
  const saver = createCheckpointSaver(config.dataDir, {
    read: sources.checkpoint,
    after: clock.after,
    onFault: events.checkpointFault,
  });
  const pump = createPump(
    { node, timeZone },
    {
      readSyslogNames: deps.readSyslogNames,
      listReady: () => [...readyStreams(streams), ...sources.listReady()],
      client,
      events,
      now: clock.now,
      signal,
      countLines,
      onProgress: saver.touch,
      onChanged: () => lookSoon(),
    },
  );

  let cancelShip: (() => void) | undefined;
  const streams = deps.openStreams(() => {
    cancelShip ??= clock.after(lingerMs, () => {
      cancelShip = undefined;
      pump.run();
    });
  });

  let looking: Promise<void> | undefined;
  let cancelSoon: (() => void) | undefined;
  async function look(): Promise<void> {
    const listedAt = clock.now();
    const { files, isCutShort } = await lister.list();
    if (isCutShort) events.filesCutShort(filesMax);
    await sources.follow(files, listedAt);
    for (const source of sources.listLost(files)) pump.tellLost(source);
    pump.run();
  }
  function lookNow(): void {
    if (looking !== undefined) {
      lookSoon();
      return;
    }
    looking = look()
      .catch((error: unknown) => events.fileFault(config.files.join(' '), error))
      .finally(() => {
        looking = undefined;
      });
  }
  function lookSoon(): void {
    if (signal.aborted) return;
    cancelSoon ??= clock.after(lingerMs, () => {
      cancelSoon = undefined;
      lookNow();
    });
  }

  const folders = watchFolders(config.files, lookSoon);
  const stopPolling = clock.every(config.tail.pollMs, () => {
    folders.refresh();
    if (looking === undefined) lookNow();
  });
  // From now on a restart knows since when it was away, whatever is acknowledged until then.
  void saver.saveNow();
  lookNow();
  void looking?.then(deps.onFirstLook);
  return {
    stop: async () => {
      stopPolling();
      folders.stop();
      cancelSoon?.();
      cancelShip?.();
      await looking;
      await pump.stop();
      for (const stream of streams) await stream.stop();
      await saver.saveNow();
      await sources.closeAll();
    },
  };
}
