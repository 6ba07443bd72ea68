// How a corpus of other projects' expectations is scored: one assertion is one field of a row's `expect`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createLineParser } from '../../services/logs/parse.ts';
import type { MailEvent } from '../../services/protocol/mail-event.ts';

const rowSchema = z.object({
  line: z.string(),
  line_kind: z.enum(['syslog', 'message', 'as-given']).optional(),
  td_kind: z.unknown().optional(),
  expect: z.record(z.string(), z.unknown()),
  src: z.string().optional(),
});
type Row = z.infer<typeof rowSchema>;

export type Miss = {
  readonly src: string;
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  readonly line: string;
};
export type Tally = { assertions: number; equal: number };
export type Score = {
  readonly assertions: number;
  readonly equal: number;
  readonly others: Tally;
  readonly recognised: Readonly<Record<string, number>>;
  readonly bySoftware: Readonly<Record<string, Tally>>;
  readonly rows: number;
  readonly contradictoryRows: number;
  readonly misses: readonly Miss[];
};

/** What other programs call their own classes: no fields of an event. */
const notAssertions = new Set(
  'rule not_rule level decoder parsed_by_source action flag ts proto uid client subject'.split(' '),
);
const ours = new Set(['postfix', 'dovecot']);

/** The corpora are old; any clock will do that is later, and lines without a zone are taken as UTC. */
const context = { now: Date.UTC(2026, 10, 22), timeZone: 'UTC' };

export function scoreCorpus(folder: string): Score {
  const rows = readRows(folder).filter((row) => row.td_kind === undefined);
  const contradictory = contradictoryLines(rows);
  const bySoftware: Record<string, Tally> = {};
  const misses: Miss[] = [];
  let left = 0;
  for (const row of rows) {
    if (contradictory.has(row.line)) {
      left++;
      continue;
    }
    const software = softwareOf(row);
    const tally = bySoftware[software] ?? { assertions: 0, equal: 0 };
    bySoftware[software] = tally;
    scoreRow(row, software, tally, misses);
  }
  const own: Tally = { assertions: 0, equal: 0 };
  const others: Tally = { assertions: 0, equal: 0 };
  for (const [software, tally] of Object.entries(bySoftware)) {
    const sum = ours.has(software) ? own : others;
    sum.assertions += tally.assertions;
    sum.equal += tally.equal;
  }
  return {
    ...own,
    others,
    recognised: recognisedShares(folder),
    bySoftware,
    rows: rows.length,
    contradictoryRows: left,
    misses,
  };
}

function readRows(folder: string): Row[] {
  const whole = join(folder, 'all.expect.jsonl');
  const files = existsSync(whole) ? [whole] : filesBelow(folder).filter((file) => file.endsWith('expect.jsonl'));
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text.trim() !== '')
      .map((text, index) => {
        const row = rowSchema.safeParse(JSON.parse(text));
        if (!row.success) throw new Error(`${file}:${index + 1}: ${z.prettifyError(row.error)}`);
        return row.data;
      }),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Lines that one row calls an attempt and another does not (a source's two modes): nobody can satisfy both. */
function contradictoryLines(rows: readonly Row[]): Set<string> {
  const said = new Map<string, unknown>();
  const contradictory = new Set<string>();
  for (const { line, expect } of rows) {
    const verdict = expect.security_event;
    if (verdict === undefined) continue;
    if (said.has(line) && said.get(line) !== verdict) contradictory.add(line);
    said.set(line, verdict);
  }
  return contradictory;
}

function softwareOf(row: Row): string {
  const { software, daemon } = row.expect;
  if (typeof software === 'string') return software.toLowerCase();
  const name = typeof daemon === 'string' ? daemon : (row.src ?? '');
  for (const known of ours) if (name.includes(known)) return known;
  return row.src?.split('/')[0] ?? 'unknown';
}

function scoreRow(row: Row, software: string, tally: Tally, misses: Miss[]): void {
  const isMessage = row.line_kind === 'message';
  const { daemon } = row.expect;
  const program = typeof daemon === 'string' ? daemon : software;
  const line = isMessage ? `Jan 1 00:00:00 h ${program}[1]: ${row.line}` : row.line;
  const event = createLineParser(context).parse(line);
  for (const [field, expected] of Object.entries(row.expect)) {
    if (notAssertions.has(field) || field.startsWith('local_')) continue;
    if (isMessage && (field === 'daemon' || field === 'software')) continue;
    tally.assertions++;
    const got = fieldOf(event, field);
    if (isEqual(field, expected, got, event)) tally.equal++;
    else
      misses.push({
        src: row.src ?? '',
        field,
        expected: String(expected),
        got: String(got),
        line: row.line.slice(0, 400),
      });
  }
}

/** The event's value of a corpus field; where the name is not just the camel-case one it stands here. */
const valueByField: Readonly<Record<string, (event: MailEvent) => unknown>> = {
  daemon: (event) => event.program,
  sasl_username: (event) => event.saslUser,
  reply_code: (event) => event.reply?.code,
  dsn_reply: (event) => event.reply?.enhanced,
  relay: (event) => relayText(event.relay),
  relay_host: (event) => event.relay?.host,
  relay_ip: (event) => event.relay?.ip,
  relay_port: (event) => event.relay?.port,
  relay_service: (event) => event.relay?.service,
  delay_before_qmgr: (event) => event.delays?.beforeQmgr,
  delay_in_qmgr: (event) => event.delays?.qmgr,
  delay_conn_setup: (event) => event.delays?.connection,
  delay_transmission: (event) => event.delays?.transmission,
  tls_version: (event) => event.tls?.protocol,
  tls_protocol: (event) => event.tls?.protocol,
  tls_cipher: (event) => event.tls?.cipher,
  tls_bits: (event) => event.tls?.bits,
  tls_trust: (event) => event.tls?.trust,
};

function fieldOf(event: MailEvent, field: string): unknown {
  const special = valueByField[field];
  if (special !== undefined) return special(event);
  const camel = field.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return (event as Readonly<Record<string, unknown>>)[camel];
}

function relayText(relay: MailEvent['relay']): string | undefined {
  if (relay === undefined) return undefined;
  const inside = relay.ip ?? relay.service;
  return `${relay.host ?? ''}${inside === undefined ? '' : `[${inside}]`}${relay.port === undefined ? '' : `:${relay.port}`}`;
}

function isEqual(field: string, expected: unknown, got: unknown, event: MailEvent): boolean {
  if (field === 'security_event' && expected === false) return got !== true;
  if (field === 'status' && typeof expected === 'string') return isSameStatus(expected, event);
  if (field === 'delays' && typeof expected === 'string') {
    const delays = event.delays;
    if (delays === undefined) return false;
    const numbers = [delays.beforeQmgr, delays.qmgr, delays.connection, delays.transmission];
    const words = expected.split('/');
    return words.length === numbers.length && words.every((word, index) => Number(word) === numbers[index]);
  }
  if (got === undefined) return false;
  if (field === 'software') return plainName(expected) === plainName(got);
  if (typeof got === 'number') return Number(expected) === got;
  return String(expected).trim() === String(got).trim();
}

/** Sources write one software's name in several ways: `OpenSMTPD`, `uwimap`. */
function plainName(name: unknown): string {
  return String(name).toLowerCase().replaceAll('-', '');
}

/** The first word is the status; what follows in brackets is the reason. */
function isSameStatus(expected: string, event: MailEvent): boolean {
  const word = expected.trim().split(/[\s,]/)[0];
  if (word !== event.status) return false;
  const bracketed = /\((.*)\)$/s.exec(expected.trim());
  return bracketed === null || bracketed[1]?.trim() === event.reason?.trim();
}

/** Per software, the share of its raw lines that are understood: those whose header names it. */
function recognisedShares(folder: string): Record<string, number> {
  const seen: Record<string, { lines: number; known: number }> = {};
  for (const file of filesBelow(folder).filter((name) => name.endsWith('.log'))) {
    const parser = createLineParser(context);
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const event = parser.parse(line);
      const isNamed = event.program !== undefined || event.software === 'dovecot';
      if (event.software === undefined || !isNamed) continue;
      const count = seen[event.software] ?? { lines: 0, known: 0 };
      seen[event.software] = count;
      count.lines++;
      if (event.kind !== 'unparsed') count.known++;
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([software, { lines, known }]) => [software, known / lines]));
}
