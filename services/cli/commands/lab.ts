import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../protocol/errors.ts';
import { labRequestSchema } from '../../protocol/lab-request.ts';

const labMain = join(import.meta.dirname, '../../lab/main.ts');

/** `mailward lab …`: every subcommand is one request to the lab's own process, which this one only starts and waits for. */
export function registerLab(program: Command): void {
  const lab = program.command('lab').description('Real mail hosts in network namespaces on this machine; needs root.');
  const add = (words: string, description: string): Command =>
    lab
      .command(words)
      .description(description)
      .option('--name <name>', 'which lab, when there are several', 'lab')
      .option('--json', 'print one JSON object', false);

  add('up', 'Build a lab and wait until every daemon serves.')
    .option('--topology <name or file>', 'default, pair, two-sites, or a YAML file', 'default')
    .option('--page-port <port>', 'loopback port of the page on this machine, 0 for any free one', wholeNumber, 7400)
    .action((options) => ask({ command: 'up', ...options }));
  add('status', 'Say what stands, what listens and what it costs.').action((options) =>
    ask({ command: 'status', ...options }),
  );
  add('shell <host>', 'Open a shell in a host.').action((host, options) => ask({ command: 'shell', host, ...options }));
  add('exec <host> <argv...>', 'Run a program in a host: mailward lab exec mx1 -- postqueue -p').action(
    (host, argv, options) => ask({ command: 'exec', host, argv, ...options }),
  );
  add('logs [host]', 'Show the mail log of a host and what its services said.')
    .option('-f, --follow', 'keep showing', false)
    .option('-n, --lines <count>', 'lines of each file', wholeNumber, 20)
    .action((host, options) => ask({ command: 'logs', host, ...options }));
  add('down', 'Take a lab away, also one that was left half-way.').action((options) =>
    ask({ command: 'down', ...options }),
  );
  add('traffic', 'Let simulated users work: SMTP in and out, IMAP, POP3, bots, newsletters.')
    .option('--users <count>', 'how many users', wholeNumber, 50)
    .option('--rate <number>', 'actions a second', Number, 10)
    .option('--seconds <count>', 'how long', wholeNumber, 60)
    .option('--profile <name>', 'flat, or a whole day squeezed into the time', 'flat')
    .option('--check', 'send canaries meanwhile, and look every message up by trace afterwards', false)
    .action(({ rate, ...options }) => ask({ command: 'traffic', ratePerSecond: rate, ...options }));
  add('canary', 'Send numbered mails through every mail host and tell the fate of each.')
    .option('--count <count>', 'how many', wholeNumber, 20)
    .action((options) => ask({ command: 'canary', ...options }));
  add('record', 'Record labelled runs: each fault in turn under traffic, with logs, metrics, checks and the truth.')
    .requiredOption('--faults <ids>', 'all, or ids with commas between them', (text: string) => text.split(','))
    .requiredOption('--out <folder>', 'where the folder of each run goes; a run that is there is not made again')
    .option('--users <count>', 'users at work meanwhile', wholeNumber, 50)
    .option('--rate <number>', 'their actions a second', Number, 5)
    .option('--log-kib <count>', 'keep so much of each log, the lines about the fault first', wholeNumber)
    .action(({ rate, logKib, ...options }) =>
      ask({ command: 'record', ratePerSecond: rate, logKiB: logKib, ...options }),
    );
  registerFaults(lab);
}

function registerFaults(lab: Command): void {
  const fault = lab.command('fault').description('Inject faults into a lab and see them bite.');
  const add = (words: string, description: string): Command =>
    fault
      .command(words)
      .description(description)
      .option('--name <name>', 'which lab, when there are several', 'lab')
      .option('--json', 'print one JSON object', false);

  add('list', 'Every fault, and those that this kind of lab cannot have.').action((options) =>
    ask({ command: 'fault-list', ...options }),
  );
  add('inject <id>', 'Break something, for a limited time that the host itself enforces.')
    .option('--host <host>', 'which mail host, the first unless given')
    .option('--ttl <seconds>', 'time to live', wholeNumber, 300)
    .option('--set <name=value...>', 'other values of its parameters, as fault list shows them', nameAndValue, {})
    .action((id, { ttl, set, ...options }) =>
      ask({ command: 'fault-inject', fault: id, ttlSeconds: ttl, values: set, ...options }),
    );
  add('heal [id]', 'Mend one fault, or with --all every one that is on.')
    .option('--host <host>', 'only on this host')
    .option('--all', 'every fault on every host', false)
    .action((id, options) => ask({ command: 'fault-heal', fault: id, ...options }));
  add('verify [ids...]', 'Inject each fault, see it bite, heal it, see health again.')
    .option('--from <id>', 'begin with this one')
    .action((ids, options) => ask({ command: 'fault-verify', only: ids, ...options }));
}

function nameAndValue(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('A name and a value are expected, like percent=30.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('A whole number is expected.');
  return Number(text);
}

async function ask(request: object): Promise<void> {
  const parsed = labRequestSchema.safeParse(request);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new AppError('bad-query', faults.join('; '));
  }
  // The terminal is handed over whole, for shells; the channel tells the lab when this process ends.
  const child = spawn(process.execPath, [labMain, JSON.stringify(parsed.data)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // Ctrl-C reaches both of us; the lab decides, and this process reports how that ended.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void child.kill(signal));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 128));
  });
}
