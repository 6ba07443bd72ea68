// `mailward failover`: who owns a group's addresses and why, asked of the lease process of this node; and its orders.
import type { Command } from 'commander';
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import {
  type LeaseOrder,
  type LeaseStatus,
  leaseExplainSchema,
  leaseHistorySchema,
  leaseOrderAnswerSchema,
  leaseStatusSchema,
  preflightSchema,
} from '../../protocol/lease-status.ts';
import { askLease } from '../../runtime/lease/ask-lease.ts';
import { defaultLeaseSocket } from '../../runtime/lease/lease-keeper.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { readNumber } from '../read-number.ts';
import {
  renderExplanation,
  renderHistory,
  renderKeys,
  renderLeaseStatus,
  renderPreflight,
} from '../render-failover.ts';
import { jsonSafe, terminalSafe, terminalStyle } from '../terminal.ts';

type Options = { readonly socket: string; readonly group?: string; readonly json?: boolean };

export function registerFailover(program: Command): void {
  const failover = program.command('failover').description('who owns the service addresses, and why');
  const add = (parent: Command, usage: string, description: string, examples: readonly string[]): Command =>
    parent
      .command(usage)
      .description(description)
      .option('--socket <path>', 'socket of the lease process', defaultLeaseSocket)
      .option('--group <name>', 'which group, where there are several')
      .option('--json', 'the answer as one JSON object')
      .addHelpText('before', `Examples:\n${examples.map((example) => `  mailward failover ${example}\n`).join('')}`);

  add(failover, 'status', 'owners, epochs, votes, guard, and why', ['status', 'status --json']).action(status);
  add(failover, 'explain', 'what was decided last, and how often', ['explain --group mail']).action(explain);
  add(failover, 'history', 'what changed since the process started', ['history']).action(history);
  add(failover, 'preflight', 'measure and check; say what each cut would do', ['preflight']).action(preflight);
  add(failover, 'retime <lease-ms>', 'raise T, told to the holder; again once all know', ['retime 3000']).action(
    (leaseMs: string, options: Options) =>
      order(options, { kind: 'retime', leaseMs: readNumber('<lease-ms>', leaseMs, 25, 600_000) }),
  );
  const voters = add(failover, 'voters', 'list the voters, or change them one at a time', ['voters', 'voters add 4']);
  voters.action(status);
  for (const [verb, kind, words] of [
    ['add', 'addVoter', 'make a known voter vote, told to the holder'],
    ['remove', 'removeVoter', 'let a voter vote no more, told to the holder'],
  ] as const)
    add(voters, `${verb} <number>`, words, [`voters ${verb} 4`]).action((number: string, _own, command: Command) =>
      order(command.optsWithGlobals(), { kind, voter: readNumber('<number>', number, 1, 255) }),
    );
  const keys = add(failover, 'keys', 'which keys each voter accepts', ['keys', 'keys reload']);
  keys.action(listKeys);
  add(keys, 'reload', 'take the keys of the file, without a restart', ['keys reload']).action(
    (_own: unknown, command: Command) => reloadKeys(command.optsWithGlobals()),
  );
}

const print = (text: string): void => void process.stdout.write(text);
const printJson = (body: unknown): void => print(`${jsonSafe(JSON.stringify(body))}\n`);

async function status(options: Options): Promise<void> {
  const { answer, body } = await readStatus(options);
  if (options.json === true) printJson(body);
  else print(renderLeaseStatus(answer, terminalStyle(process.stdout, process.env)));
}

/** Of the group named only, where one is; else the body as it came. */
async function readStatus({ socket, group: wanted }: Options): Promise<{ answer: LeaseStatus; body: unknown }> {
  const { value, body } = await askLease(socket, '/status', leaseStatusSchema);
  const groups = value.groups.filter(({ group }) => wanted === undefined || group === wanted);
  if (wanted !== undefined && groups.length === 0)
    throw new AppError('not-found', `There is no group ${wanted} here.`, {
      hint: `Those that are: ${value.groups.map(({ group }) => group).join(', ')}`,
    });
  const answer = { ...value, groups };
  return { answer, body: wanted === undefined ? body : z.encode(leaseStatusSchema, answer) };
}

/** The group named, or the only one. */
async function groupOf({ socket, group }: Options): Promise<string> {
  if (group !== undefined) return encodeURIComponent(group);
  const names = (await askLease(socket, '/status', leaseStatusSchema)).value.groups.map((each) => each.group);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new AppError('bad-query', 'Which group is meant?', { hint: `Give --group ${names.join(' or --group ')}.` });
}

async function explain(options: Options): Promise<void> {
  const { value, body } = await askLease(options.socket, `/${await groupOf(options)}/explain`, leaseExplainSchema);
  if (options.json === true) printJson(body);
  else print(renderExplanation(value.group, value.why, value.reasons));
}

async function history(options: Options): Promise<void> {
  const { value, body } = await askLease(options.socket, `/${await groupOf(options)}/history`, leaseHistorySchema);
  if (options.json === true) printJson(body);
  else print(renderHistory(value.entries));
}

/** Status 1 when a check found a fault. */
async function preflight(options: Options): Promise<void> {
  const { value, body } = await askLease(options.socket, `/${await groupOf(options)}/preflight`, preflightSchema);
  if (value.checks.some((check) => check.grade === 'fault')) process.exitCode = exitStatus.no;
  if (options.json === true) printJson(body);
  else print(renderPreflight(value, terminalStyle(process.stdout, process.env)));
}

async function listKeys(options: Options): Promise<void> {
  const { answer, body } = await readStatus(options);
  if (options.json === true) printJson(body);
  else for (const group of answer.groups) print(renderKeys(group));
}

const order = async (options: Options, wish: LeaseOrder): Promise<void> =>
  tell(options, `/${await groupOf(options)}/order`, wish);
const reloadKeys = async (options: Options): Promise<void> => tell(options, `/${await groupOf(options)}/keys`, {});

/** Status 1 when it was refused. */
async function tell(options: Options, path: string, wish: unknown): Promise<void> {
  const { value, body } = await askLease(options.socket, path, leaseOrderAnswerSchema, { order: wish });
  if (!value.isDone) process.exitCode = exitStatus.no;
  if (options.json === true) printJson(body);
  else for (const sentence of value.sentences) print(`${terminalSafe(sentence)}\n`);
}
