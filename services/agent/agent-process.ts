import { parseArgs } from 'node:util';
import { announceReady } from '../runtime/announce-ready.ts';
import { systemClock } from '../runtime/clock.ts';
import { createLog } from '../runtime/log.ts';
import { readRelease } from '../runtime/release.ts';
import { describeError, exitStatus, runProcess } from '../runtime/run-process.ts';
import { createStopStack } from '../runtime/stop-stack.ts';
import { startAgent } from './agent.ts';
import { type AgentFlags, readAgentConfig } from './config.ts';

const usage = `Examples:
  mailward agent --node mx1 --file /var/log/mail.log
  mailward agent --config /etc/mailward/agent.yaml

Usage: mailward agent [options]

  --config FILE         YAML configuration; everything has a default
  --node NAME           name of this node (the one that it joined under, else the host's)
  --control URL         where control serves (where the node joined, else http://127.0.0.1:7400)
  --file GLOB           log file to follow, may be given again (/var/log/mail.log)
  --data-dir DIR        where the checkpoint and the node's identity are kept
  --metrics-port PORT   port of its own metrics, 0 for any free one (9154)
`;

const stopWithinMs = 10_000;
const startWithinMs = 5000;

function readFlags(): (AgentFlags & { readonly help?: boolean | undefined }) | undefined {
  const text = { type: 'string' } as const;
  const options = {
    ...{ config: text, node: text, control: text, file: { type: 'string', multiple: true } as const },
    ...{ 'data-dir': text, 'metrics-port': text, help: { type: 'boolean' } as const },
  };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`mailward agent: ${describeError(error)}\n${usage}`);
    return undefined;
  }
}

const flags = readFlags();
if (flags === undefined) process.exitCode = exitStatus.usage;
else if (flags.help) process.stdout.write(usage);
else {
  const config = await readAgentConfig(flags).catch((error: unknown) => {
    process.stderr.write(`mailward agent: ${describeError(error)}\n`);
    process.exitCode = exitStatus.usage;
  });
  if (config !== undefined) {
    const log = createLog({ process: 'agent', level: config.logLevel });
    const stack = createStopStack({ deadlineMs: stopWithinMs });
    await runProcess({
      log,
      stack,
      watchdogMs: startWithinMs + stopWithinMs + 2000,
      startMs: startWithinMs,
      start: async () => {
        const deps = { clock: systemClock, log, stack, random: Math.random, version: readRelease() };
        const { url } = await startAgent(config, deps);
        announceReady(url);
      },
    });
  }
}
