import type { Command } from 'commander';
import { registerAgent } from './commands/agent.ts';
import { registerCertificate } from './commands/certificate.ts';
import { registerConfig } from './commands/config.ts';
import { registerControl } from './commands/control.ts';
import { registerFailover } from './commands/failover.ts';
import { registerImport } from './commands/import.ts';
import { registerJoin } from './commands/join.ts';
import { registerLab } from './commands/lab.ts';
import { registerLease } from './commands/lease.ts';
import { registerNode } from './commands/node.ts';
import { registerParse } from './commands/parse.ts';
import { registerReport } from './commands/report.ts';
import { registerRetention } from './commands/retention.ts';
import { registerStart } from './commands/start.ts';
import { registerToken } from './commands/token.ts';
import { registerTop } from './commands/top.ts';
import { registerTrace } from './commands/trace.ts';
import { registerUnparsed } from './commands/unparsed.ts';

/** Every subcommand, one file each; the order is the order of `--help`. */
export const commands: ReadonlyArray<(program: Command) => void> = [
  registerStart,
  registerControl,
  registerAgent,
  registerLease,
  registerFailover,
  registerImport,
  registerConfig,
  registerJoin,
  registerToken,
  registerNode,
  registerCertificate,
  registerLab,
  registerParse,
  registerTrace,
  registerReport,
  registerTop,
  registerUnparsed,
  registerRetention,
];
