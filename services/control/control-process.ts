import { parseArgs } from 'node:util';
import { announceReady } from '../runtime/announce-ready.ts';
import { runConfigCheck } from '../runtime/check-config.ts';
import { systemClock } from '../runtime/clock.ts';
import { leaseBeside } from '../runtime/lease/lease-beside.ts';
import { createLog } from '../runtime/log.ts';
import { readRelease } from '../runtime/release.ts';
import { describeError, exitStatus, runProcess } from '../runtime/run-process.ts';
import { createStopStack } from '../runtime/stop-stack.ts';
import { type ControlFlags, controlConfigSchema, readControlConfig } from './config.ts';
import { startControl } from './control.ts';
import { createSqliteSeriesStore } from './series/sqlite-series-store.ts';
import { createSqliteStateStore } from './state/sqlite-state-store.ts';
import { createSqliteEventStore } from './store/sqlite-event-store.ts';

const usage = `Examples:
  mailward control --port 7400
  mailward control --host 0.0.0.0 --tls
  mailward control --config /etc/mailward/control.yaml

Usage: mailward control [options]

  --config FILE     YAML configuration; everything has a default
  --host ADDRESS    address to listen on (127.0.0.1); beyond loopback with --tls only
  --port PORT       TCP port, 0 for any free one (7400)
  --tls             speak TLS, and ask agents for the certificate they got by joining
  --data-dir DIR    where lines and stories are kept
`;

const stopWithinMs = 10_000;
const startWithinMs = 5000;

function readFlags(): (ControlFlags & { readonly help?: boolean | undefined }) | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const options = { config: text, host: text, port: text, 'data-dir': text, tls: flag, help: flag } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`mailward control: ${describeError(error)}\n${usage}`);
    return undefined;
  }
}

const isCheck = process.argv[2] === 'check-config';
const flags = isCheck ? undefined : readFlags();
if (isCheck) await runConfigCheck('control', controlConfigSchema, process.argv.slice(3), { beside: leaseBeside });
else if (flags === undefined) process.exitCode = exitStatus.usage;
else if (flags.help) process.stdout.write(usage);
else {
  const config = await readControlConfig(flags).catch((error: unknown) => {
    process.stderr.write(`mailward control: ${describeError(error)}\n`);
    process.exitCode = exitStatus.usage;
  });
  if (config !== undefined) {
    const clock = systemClock;
    const log = createLog({ process: 'control', level: config.logLevel });
    const stack = createStopStack({ deadlineMs: stopWithinMs });
    await runProcess({
      log,
      stack,
      watchdogMs: startWithinMs + stopWithinMs + 2000,
      startMs: startWithinMs,
      start: async (fail) => {
        const store = await createSqliteEventStore({ dataDir: config.dataDir }, { log, onCrash: fail });
        const series = await createSqliteSeriesStore({ dataDir: config.dataDir }, { log, onCrash: fail });
        const state = await createSqliteStateStore({ dataDir: config.dataDir }, { log, onCrash: fail });
        const version = readRelease();
        const { url } = await startControl(config, { clock, log, stack, store, series, state, version });
        announceReady(url);
      },
    });
  }
}
