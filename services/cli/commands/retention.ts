// `mailward retention`: what control keeps for how long, and what it has removed.
import type { Command } from 'commander';
import { AppError } from '../../protocol/errors.ts';
import { retentionAnswerSchema } from '../../protocol/retention.ts';
import { ask } from '../ask-control.ts';
import { renderRetention } from '../render-retention.ts';
import { jsonSafe, terminalStyle } from '../terminal.ts';

type RetentionOptions = { readonly json?: boolean; readonly url: string };

const widthUnknown = 160;

export function registerRetention(program: Command): void {
  program
    .command('retention')
    .description('show what is kept for how long and why, and what was removed')
    .option('--json', "control's answer as one JSON object")
    .option('--url <url>', 'where control listens', 'http://127.0.0.1:7400')
    .addHelpText('before', 'Examples:\n  mailward retention\n  mailward retention --json\n')
    .action(retention);
}

async function retention(options: RetentionOptions): Promise<void> {
  const answer = await ask(options.url, '/api/v1/retention', retentionAnswerSchema);
  if (answer === undefined) throw new AppError('protocol-mismatch', `Control at ${options.url} knows no retention.`);
  const text =
    options.json === true
      ? jsonSafe(JSON.stringify(answer.body))
      : renderRetention(
          answer.value,
          terminalStyle(process.stdout, process.env),
          process.stdout.columns ?? widthUnknown,
        );
  process.stdout.write(`${text}\n`);
}
