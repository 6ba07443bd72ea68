// `mailward node`: the nodes that have joined, and the end of one.
import type { Command } from 'commander';
import { nodeForgottenSchema, nodesSchema } from '../../protocol/api.ts';
import { certificatesSchema, revokedSchema } from '../../protocol/trust.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { ask } from '../ask-control.ts';
import { askOperator, askOperatorIfThere, type OperatorOptions, withOperatorOptions } from '../ask-operator.ts';
import { jsonSafe, renderTable, terminalSafe } from '../terminal.ts';

export function registerNode(program: Command): void {
  const node = program
    .command('node')
    .description('list the nodes that have joined, revoke one, and forget one that is gone');
  withOperatorOptions(node.command('list').description('list nodes with their state, mode and certificate'))
    .addHelpText('before', 'Examples:\n  mailward node list\n')
    .action(list);
  withOperatorOptions(
    node
      .command('revoke')
      .description('take back all that a node may do: its certificates, its tokens, its open connections')
      .argument('<node>', 'its name'),
  )
    .addHelpText('before', 'Examples:\n  mailward node revoke mx1\n')
    .action(revoke);
  withOperatorOptions(
    node
      .command('forget')
      .description('take a node that is gone for good off the page; what it sent stays')
      .argument('<node>', 'its name'),
  )
    .addHelpText(
      'before',
      'Examples:\n  mailward node forget mx-old\n  mailward node forget mx-old --url http://127.0.0.1:7400    # of a control without TLS\n',
    )
    .action(forget);
}

async function list(options: OperatorOptions): Promise<void> {
  const path = '/api/v1/trust/certificates';
  const { value } = await askOperator(options, { method: 'GET', path, schema: certificatesSchema });
  const seen = (await ask(options.url, '/api/v1/nodes', nodesSchema))?.value.nodes ?? [];
  const names = [...new Set([...value.certificates.map(({ node }) => node), ...seen.map(({ node }) => node)])].sort();
  const nodes = names.map((name) => {
    const state = seen.find(({ node }) => node === name);
    const own = value.certificates.filter(({ node }) => node === name);
    const endsAt = Math.max(...own.filter((entry) => entry.state === 'good').map((entry) => entry.endsAt));
    return {
      node: name,
      state: state?.state ?? 'unknown',
      mode: state?.mode ?? 'observe-only',
      certificate: Number.isFinite(endsAt) ? new Date(endsAt).toISOString() : own.length > 0 ? 'revoked' : 'none',
    };
  });
  if (options.json === true) return void process.stdout.write(`${jsonSafe(JSON.stringify({ nodes }))}\n`);
  if (nodes.length === 0)
    return void process.stdout.write('No node has joined. `mailward token create` makes a token for one.\n');
  const columns = [{ title: 'node' }, { title: 'state' }, { title: 'mode' }, { title: 'certificate until' }];
  process.stdout.write(
    `${renderTable(
      columns,
      nodes.map(({ node, state, mode, certificate }) => [node, state, mode, certificate]),
    )}\n`,
  );
}

async function revoke(node: string, options: OperatorOptions): Promise<void> {
  const path = `/api/v1/trust/nodes/${encodeURIComponent(node)}`;
  const { value, body } = await askOperator(options, { method: 'DELETE', path, schema: revokedSchema });
  const { certificates, tokens, connections } = value;
  if (certificates + tokens === 0) process.exitCode = exitStatus.no;
  if (options.json === true) return void process.stdout.write(`${jsonSafe(JSON.stringify(body))}\n`);
  process.stdout.write(
    certificates + tokens === 0
      ? `${node} holds no good certificate and no open token.\n`
      : `${node} is revoked: certificates ${certificates}, open tokens ${tokens}, connections closed ${connections}.\n`,
  );
}

async function forget(node: string, options: OperatorOptions): Promise<void> {
  const [method, schema] = ['DELETE', nodeForgottenSchema] as const;
  const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
  // Without TLS control is for this machine alone, and has no operator's secret.
  const answer = options.url.startsWith('http:')
    ? await ask(options.url, path, schema, undefined, { method })
    : await askOperatorIfThere(options, { method, path, schema });
  if (answer === undefined) process.exitCode = exitStatus.no;
  if (options.json === true) return void process.stdout.write(`${jsonSafe(JSON.stringify(answer?.body ?? {}))}\n`);
  const name = terminalSafe(node);
  process.stdout.write(
    answer === undefined ? `No node ${name} is known.\n` : `${name} is forgotten. It is back when it is heard again.\n`,
  );
}
