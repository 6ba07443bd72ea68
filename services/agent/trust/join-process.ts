import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { AppError } from '../../protocol/errors.ts';
import { nodeNameSchema } from '../../protocol/trust.ts';
import { systemClock } from '../../runtime/clock.ts';
import { defaultDataDir } from '../../runtime/data-dir.ts';
import { describeError, exitStatus } from '../../runtime/run-process.ts';
import { joinControl } from './join.ts';

const usage = `Examples:
  mailward join --control https://control.example.org:7400 --token-file -
  mailward join --control https://192.0.2.7:7400 --token-file token --node mx1

Usage: mailward join [options]

Makes a key on this node, and has control certify it. The token comes from \`mailward token create\` on control's machine.

  --control URL         where control serves, with https
  --token-file FILE     the one-time token, from a file, or with - from standard input
  --token TOKEN         the token itself; lists of processes and the shell's history show it
  --node NAME           name of this node (the host's name)
  --data-dir DIR        the agent's data folder, which then holds the key
  --json                print one JSON object
`;

const secureUrl = (given: string): URL => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new AppError('bad-query', `--control ${given} is not an address as https://control.example.org:7400`, {
    hint: 'A control without TLS takes the agents of its own machine as they are',
  });
};

/** The process of `mailward join`: exit status 0 joined, 1 refused, 2 wrong usage, 3 control not reached. */
export async function runJoin(args: readonly string[]): Promise<void> {
  try {
    const flags = readFlags(args);
    if (flags.help) return void process.stdout.write(usage);
    if (flags.control === undefined) throw new AppError('bad-query', 'Say with --control where control serves');
    const node = nodeNameSchema.safeParse(flags.node ?? hostname());
    if (!node.success) throw new AppError('bad-query', `${flags.node ?? hostname()}: ${node.error.issues[0]?.message}`);
    const dataDir = flags['data-dir'] ?? defaultDataDir('agent');
    const token = await readToken(flags.token, flags['token-file']);
    const wish = { control: secureUrl(flags.control), token, node: node.data, dataDir };
    const identity = await joinControl(wish, { now: systemClock.now });
    const told = {
      node: identity.node,
      control: identity.control,
      endsAt: new Date(identity.endsAt).toISOString(),
      dataDir,
    };
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(told)}\n`
        : `${told.node} has joined the control at ${told.control}. Its certificate is good until ${told.endsAt}, and the agent renews it in time.\n` +
            `Start the agent with \`mailward agent --data-dir ${dataDir}\`. It only observes.\n`,
    );
  } catch (error) {
    process.stderr.write(`mailward join: ${describeError(error)}\n`);
    process.exitCode = statusOf(error);
  }
}

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    control: text,
    token: text,
    'token-file': text,
    node: text,
    'data-dir': text,
    json: flag,
    help: flag,
  };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new AppError('bad-query', describeError(cause), { hint: 'mailward join --help says more', cause });
  }
}

async function readToken(token: string | undefined, file: string | undefined): Promise<string> {
  if (token !== undefined) return token.trim();
  if (file === undefined) throw new AppError('bad-query', 'Give the token with --token-file, or with --token');
  if (file === '-') return readLine();
  return (await readFile(file, 'utf8')).trim();
}

/** One line, so that who pastes it need not say that it ends. */
async function readLine(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Paste the token and press Enter.\n');
  try {
    for await (const line of createInterface({ input: process.stdin })) return line.trim();
  } finally {
    // An input that goes on would keep the process alive.
    process.stdin.destroy();
  }
  throw new AppError('bad-query', 'Standard input ended without a token');
}

function statusOf(error: unknown): number {
  if (!(error instanceof AppError)) return exitStatus.no;
  if (error.code === 'bad-query') return exitStatus.usage;
  return error.code === 'unreachable' ? exitStatus.unreachable : exitStatus.no;
}
