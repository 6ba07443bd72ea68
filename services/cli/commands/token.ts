// `mailward token`: the one-time tokens with which nodes join.
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { revokedSchema, tokenMadeSchema, tokensSchema, trustLimits } from '../../protocol/trust.ts';
import { isLoopbackHost } from '../../runtime/loopback.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { askOperator, type OperatorOptions, withOperatorOptions } from '../ask-operator.ts';
import { readDuration } from '../read-time.ts';
import { jsonSafe, renderTable } from '../terminal.ts';

type CreateOptions = OperatorOptions & { readonly node?: string; readonly for: string };

const path = '/api/v1/trust/tokens';

export function registerToken(program: Command): void {
  const token = program.command('token').description('make, list and take back the tokens with which nodes join');
  withOperatorOptions(token.command('create').description('make a token, good for one node to join once'))
    .option('--node <name>', 'good for this node only; needed where the node has joined before')
    .option(
      '--for <time>',
      `how long it is good, such as 90m, at most ${trustLimits.tokenLifeMsMax / 86_400_000}d`,
      '1h',
    )
    .addHelpText('before', 'Examples:\n  mailward token create\n  mailward token create --node mx1 --for 24h\n')
    .action(create);
  withOperatorOptions(token.command('list').description('list the tokens that nobody has used yet'))
    .addHelpText('before', 'Examples:\n  mailward token list\n')
    .action(list);
  withOperatorOptions(token.command('revoke').description('take a token back').argument('<id>', 'as the list shows it'))
    .addHelpText('before', 'Examples:\n  mailward token revoke 3068c55d84a2\n')
    .action(revoke);
}

async function create(options: CreateOptions): Promise<void> {
  const wish = { node: options.node, lifeMs: readDuration('--for', options.for) };
  const { value, body } = await askOperator(options, { method: 'POST', path, body: wish, schema: tokenMadeSchema });
  if (options.json === true) return printJson(body);
  const url = new URL(options.url);
  const isOfThisMachine = isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''));
  if (isOfThisMachine) url.hostname = hostname();
  const forWhom = value.node ?? 'one node';
  process.stdout.write(
    `This token lets ${forWhom} join once, until ${new Date(value.endsAt).toISOString()}. It is not shown again.\n\n` +
      `  ${value.token}\n\nOn the node, run this, and give it the token on its standard input:\n\n` +
      `  mailward join --control ${url.origin}${value.node === undefined ? '' : ` --node ${value.node}`} --token-file -\n` +
      (isOfThisMachine
        ? `\nFor that, ${url.hostname} must be how the node reaches this machine, and \`listen.host\` of control an address beyond loopback.\n`
        : ''),
  );
}

async function list(options: OperatorOptions): Promise<void> {
  const { value, body } = await askOperator(options, { method: 'GET', path, schema: tokensSchema });
  if (options.json === true) return printJson(body);
  if (value.tokens.length === 0) return void process.stdout.write('No token is open.\n');
  const rows = value.tokens.map(({ id, node, endsAt }) => [id, node ?? 'any', new Date(endsAt).toISOString()]);
  process.stdout.write(`${renderTable([{ title: 'token' }, { title: 'node' }, { title: 'until' }], rows)}\n`);
}

async function revoke(id: string, options: OperatorOptions): Promise<void> {
  const question = { method: 'DELETE', path: `${path}/${encodeURIComponent(id)}`, schema: revokedSchema } as const;
  const { value, body } = await askOperator(options, question);
  if (value.tokens === 0) process.exitCode = exitStatus.no;
  if (options.json === true) return printJson(body);
  process.stdout.write(value.tokens === 0 ? `No open token is called ${id}.\n` : `The token ${id} is taken back.\n`);
}

const printJson = (body: unknown): void => void process.stdout.write(`${jsonSafe(JSON.stringify(body))}\n`);
