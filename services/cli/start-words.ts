import type { StorySummary } from '../protocol/story.ts';
import { terminalSafe } from './terminal.ts';

/** What `mailward start` found out and started. */
export type Started = {
  readonly url: string;
  readonly mode: 'agent' | 'demo';
  readonly nodes: readonly string[];
  /** Files that the local agent follows. */
  readonly files: readonly string[];
  /** Where the demo takes mail by SMTP. */
  readonly smtpPort: number | undefined;
  readonly readyMs: number;
};

/** One word of a shell command, whatever a stranger wrote into the log: it is there to be pasted. */
const shellWord = (text: string): string =>
  /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const trace = (query: string, controlUrl: string): string => {
  const isUsual = controlUrl === 'http://127.0.0.1:7400';
  return `npm run -s mailward -- trace ${shellWord(query)}${isUsual ? '' : ` --url ${controlUrl}`}`;
};

/** Three commands worth trying, on messages that are really there. */
export function nextSteps(started: Started, examples: readonly StorySummary[]): { command: string; why: string }[] {
  const [first, second] = examples;
  const steps = [];
  if (first?.queueIds[0] !== undefined) {
    steps.push({ command: trace(first.queueIds[0], started.url), why: `a message that was ${first.fate}` });
  }
  // An address that a terminal would show otherwise than it is cannot be pasted as it is.
  const address = [second?.to[0], first?.to[0]].find((to) => to !== undefined && terminalSafe(to) === to);
  if (address !== undefined)
    steps.push({ command: trace(address, started.url), why: 'what became of mail to one address' });
  if (started.smtpPort !== undefined) {
    const command = `curl smtp://127.0.0.1:${started.smtpPort} --mail-from you@example.net --mail-rcpt alice@example.org -T README.md`;
    steps.push({ command, why: 'send the demo a message of your own, then trace you@example.net' });
  } else steps.push({ command: `curl -s ${started.url}/metrics`, why: 'what Prometheus would scrape' });
  return steps;
}

/** What a person reads once everything serves. */
export function startedText(started: Started, examples: readonly StorySummary[]): string {
  const watched =
    started.mode === 'demo'
      ? `Three demo nodes (${started.nodes.join(', ')}) exchange mail on this machine; no mail log was asked for or found.`
      : `The agent follows ${started.files.map(terminalSafe).join(', ')}.`;
  const steps = nextSteps(started, examples).flatMap(({ command, why }) => [`  ${command}`, `      ${why}`]);
  return [
    '',
    `Mailward is at ${started.url}`,
    '',
    watched,
    '',
    'Worth trying next, in another terminal:',
    ...steps,
    '',
    'Ctrl-C stops everything that was started here.',
    '',
  ].join('\n');
}
