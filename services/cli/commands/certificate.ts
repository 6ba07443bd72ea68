// `mailward certificate`: each certificate that control has issued to a node.
import type { Command } from 'commander';
import { certificatesSchema, revokedSchema } from '../../protocol/trust.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { askOperator, type OperatorOptions, withOperatorOptions } from '../ask-operator.ts';
import { jsonSafe, renderTable } from '../terminal.ts';

const path = '/api/v1/trust/certificates';

export function registerCertificate(program: Command): void {
  const certificate = program.command('certificate').description("list the nodes' certificates, and revoke one");
  withOperatorOptions(certificate.command('list').description('list certificates that are not over, revoked ones too'))
    .addHelpText('before', 'Examples:\n  mailward certificate list\n')
    .action(list);
  withOperatorOptions(
    certificate.command('revoke').description('revoke one certificate').argument('<serial>', 'as the list shows it'),
  )
    .addHelpText('before', 'Examples:\n  mailward certificate revoke 4F0A…\n')
    .action(revoke);
}

async function list(options: OperatorOptions): Promise<void> {
  const { value, body } = await askOperator(options, { method: 'GET', path, schema: certificatesSchema });
  if (options.json === true) return void process.stdout.write(`${jsonSafe(JSON.stringify(body))}\n`);
  if (value.certificates.length === 0) return void process.stdout.write('No certificate is out.\n');
  const columns = [{ title: 'serial' }, { title: 'node' }, { title: 'state' }, { title: 'issued' }, { title: 'until' }];
  const iso = (time: number): string => new Date(time).toISOString();
  const rows = value.certificates.map(({ serial, node, state, issuedAt, endsAt }) => [
    ...[serial, node, state, iso(issuedAt), iso(endsAt)],
  ]);
  process.stdout.write(`${renderTable(columns, rows)}\n`);
}

async function revoke(serial: string, options: OperatorOptions): Promise<void> {
  const question = { method: 'DELETE', path: `${path}/${encodeURIComponent(serial)}`, schema: revokedSchema } as const;
  const { value, body } = await askOperator(options, question);
  if (value.certificates === 0) process.exitCode = exitStatus.no;
  if (options.json === true) return void process.stdout.write(`${jsonSafe(JSON.stringify(body))}\n`);
  process.stdout.write(
    value.certificates === 0
      ? `No good certificate has the serial ${serial}.\n`
      : `The certificate ${serial} is revoked; connections closed: ${value.connections}.\n`,
  );
}
