import { parseArgs } from 'node:util';
import { leaseConfigSchema } from '../protocol/lease-config.ts';
import { announceReady } from '../runtime/announce-ready.ts';
import { runConfigCheck } from '../runtime/check-config.ts';
import { systemClock } from '../runtime/clock.ts';
import { findLeaseFaults } from '../runtime/lease/lease-faults.ts';
import { createLog } from '../runtime/log.ts';
import { describeError, exitStatus, runProcess } from '../runtime/run-process.ts';
import { createStopStack } from '../runtime/stop-stack.ts';
import { bootRulesOf } from './boot-rules.ts';
import { readLeaseConfig } from './config.ts';
import { initVoters } from './init-voters.ts';
import { startLease } from './lease.ts';

const usage = `Examples:
  mailward lease --config /etc/mailward/lease.yaml
  mailward lease --config /etc/mailward/lease.yaml --boot-rules | nft -f -

Usage: mailward lease --config FILE

  --config FILE   YAML configuration: the groups, their voters and addresses
  --init          make this voter's first state, once, when a group is made; never after a disk was lost. A group in which
                  a majority of the voters lost its state or was cloned is stopped everywhere and made anew: another
                  incarnation in every file, the old voter files moved away, --init on each
  --check         only check the file, and print what is wrong with its place
  --boot-rules    print the nftables rules that keep the addresses closed which this node may open, for loading before
                  the network; groups in shadow and nodes that may not act have none
`;

/** Handing over takes an advert and three resignations; `wan` adverts are 5 s. */
const stopWithinMs = 15_000;

function readFlags() {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  const options = { config: text, init: flag, check: flag, 'boot-rules': flag, help: flag };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`mailward lease: ${describeError(error)}\n${usage}`);
    return undefined;
  }
}

const isCheck = process.argv[2] === 'check-config';
const flags = isCheck ? undefined : readFlags();
if (isCheck) await runConfigCheck('lease', leaseConfigSchema, process.argv.slice(3), { find: findLeaseFaults });
else if (flags?.help) process.stdout.write(usage);
else if (flags?.config === undefined) {
  if (flags !== undefined) process.stderr.write(`mailward lease: --config is needed\n${usage}`);
  process.exitCode = exitStatus.usage;
} else {
  const file = flags.config;
  const config = await readLeaseConfig(file).catch((error: unknown) => {
    process.stderr.write(`mailward lease: ${describeError(error)}\n`);
    process.exitCode = exitStatus.usage;
  });
  if (config !== undefined && flags['boot-rules']) process.stdout.write(bootRulesOf(config));
  else if (config !== undefined && flags.init) {
    await initVoters(config).catch((error: unknown) => {
      process.stderr.write(`mailward lease: ${describeError(error)}\n`);
      process.exitCode = exitStatus.no;
    });
  } else if (config !== undefined && !flags.check) {
    const log = createLog({ process: 'lease', level: config.logLevel });
    const stack = createStopStack({ deadlineMs: stopWithinMs });
    await runProcess({
      log,
      stack,
      watchdogMs: stopWithinMs + 2000,
      start: async () => {
        const readConfig = () => readLeaseConfig(file);
        const { url } = await startLease(config, { clock: systemClock, log, stack, readConfig });
        announceReady(url);
      },
    });
  }
}
