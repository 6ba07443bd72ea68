import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { AppError } from '../../protocol/errors.ts';
import { runInPlace } from '../run-in-place.ts';

const processNames = ['control', 'agent', 'lease'] as const;
type ProcessName = (typeof processNames)[number];
type CheckOptions = { readonly process?: ProcessName; readonly json?: boolean; readonly schema?: boolean };

export function registerConfig(program: Command): void {
  const config = program.command('config').description('look at configuration files without starting anything');
  config
    .command('check')
    .description('name every fault of a configuration file, with its line and what would be right')
    .argument('[file]', 'the file; without it the one under /etc/mailward')
    .addOption(
      new Option('--process <name>', 'whose file it is; its name tells when it has one in it').choices(processNames),
    )
    .option('--json', 'the faults as one JSON object')
    .option('--schema', 'print the JSON Schema instead, for editors')
    .addHelpText(
      'before',
      'Examples:\n  mailward config check /etc/mailward/agent.yaml\n  mailward config check --process lease      # measures round trips too, when the lease process runs\n  mailward config check --process control --schema > control.schema.json\n',
    )
    .action((file: string | undefined, options: CheckOptions) => {
      const flags = (['json', 'schema'] as const).filter((name) => options[name]).map((name) => `--${name}`);
      const files = file === undefined ? [] : ['--', file];
      return runInPlace(options.process ?? processOf(file), ['check-config', ...flags, ...files]);
    });
}

/** The process alone knows its schema: which one it is must be told. */
function processOf(file: string | undefined): ProcessName {
  const named = processNames.filter((name) => file !== undefined && basename(file).includes(name));
  const [name] = named;
  if (name !== undefined && named.length === 1) return name;
  throw new AppError('bad-config', 'Nothing says whose configuration it is.', {
    hint: 'Say --process agent, --process control or --process lease.',
  });
}
