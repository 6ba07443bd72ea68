// `npm run real-mail -- [--messages N] [--json]`: the proof on real Postfix and Dovecot, with what it found.
import { parseArgs } from 'node:util';
import { findMissing } from './missing.ts';
import { prove } from './prove.ts';

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '500' }, json: { type: 'boolean', default: false } },
});
const messages = Number(values.messages);
const missing = findMissing();
if (!Number.isInteger(messages) || messages < 1 || messages > 5000) {
  process.stderr.write('usage: npm run real-mail -- [--messages N] [--json], N from 1 to 5000\n');
  process.exitCode = 2;
} else if (missing.length > 0) {
  process.stderr.write(`real-mail: this machine lacks ${missing.join(', ')}\n`);
  process.exitCode = 3;
} else {
  const proof = await prove(messages, (words) => process.stderr.write(`${words}\n`));
  for (const fault of [...proof.faults, ...proof.surprises]) process.stderr.write(`${fault}\n`);
  for (const line of proof.unparsed) process.stderr.write(`not understood: ${line}\n`);
  const { faults, surprises, unparsed, ...figures } = proof;
  const result = { ...figures, faults: faults.length, surprises: surprises.length, unparsed: unparsed.length };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
  if (proof.right !== messages) process.exitCode = 1;
}
