// Agent and control are killed again and again while the log is written, renamed, truncated and compressed, control is away
// for a while, and the disk is full once. In the end every line written must be stored exactly once, and completeness must
// say so.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CompletenessWire } from '../../services/protocol/wire.ts';
import { createMailWriter } from '../e2e/mail-writer.ts';
import { type RealProcess, startProcess } from '../e2e/real-process.ts';
import { between, randomOf } from '../simulation/random.ts';
import { mountSmallDisk } from './small-disk.ts';
import { countStoredLines } from './stored-lines.ts';

const diskMebibytes = 512;
const settleMs = 60_000;
const lookMs = 100;
const linesPerMessage = 5;

export type DeliveryResult = {
  readonly kills: number;
  readonly lost: number;
  readonly doubled: number;
  readonly lines: number;
  readonly rotations: number;
  readonly packed: number;
  readonly awayMs: number;
  /** Whether the disk was full once, or why not. */
  readonly diskFull: string;
  /** Completeness said `Complete.` when all was there. */
  readonly saidComplete: boolean;
  /** What completeness said in words. */
  readonly sentence: string;
  readonly seconds: number;
};

export async function runDelivery(options: {
  readonly kills: number;
  readonly awayMs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}): Promise<DeliveryResult> {
  const { kills, awayMs, say } = options;
  const random = randomOf(options.seed);
  const below = (end: number) => between(random, 0, end - 1);
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'mailward-soak-'));
  const [logFolder, disk] = [join(folder, 'log'), join(folder, 'disk')];
  for (const path of [logFolder, disk]) mkdirSync(path);
  const smallDisk = mountSmallDisk(disk, diskMebibytes);
  const log = join(logFolder, 'mail.log');
  const controlDir = join(disk, 'control');
  const mail = createMailWriter(log, Date.now() - 3_600_000);
  let [rotations, packed] = [0, 0];

  const startControl = (port: number) => startProcess('control', ['--port', String(port), '--data-dir', controlDir]);
  let control = await startControl(0);
  const { port, url } = control;
  const startAgent = () =>
    startProcess('agent', [
      ...['--node', 'mx1', '--control', url, '--file', log],
      ...['--data-dir', join(disk, 'agent'), '--metrics-port', '0'],
    ]);
  let agent: RealProcess = await startAgent();

  function turnOver(): void {
    const chance = below(10);
    if (chance > 3 || !existsSync(log)) return;
    rotations++;
    if (chance < 2) mail.rotateByRename();
    else mail.rotateByCopy();
    const plain = `${log}.2`;
    if (!existsSync(plain)) return;
    const [command = '', ...args] = [['gzip'], ['zstd', '--rm', '--quiet'], ['xz', '-0']][below(3)] ?? [];
    execFileSync(command, [...args, plain]);
    const made = readdirSync(logFolder).find((name) => /^mail\.log\.2\.\w+$/.test(name)) ?? '';
    renameSync(join(logFolder, made), `${log}.packed-${packed++}${made.slice('mail.log.2'.length)}`);
  }
  async function writeOn(messages: number): Promise<void> {
    for (let no = 0; no < messages; no++) {
      mail.write(below(5) === 0);
      if (below(20) === 0) turnOver();
      if (below(4) === 0) await delay(below(5));
    }
  }
  const readCompleteness = async () => (await (await fetch(`${url}/api/v1/completeness`)).json()) as CompletenessWire;
  async function waitFor(isThere: (completeness: CompletenessWire) => boolean): Promise<CompletenessWire> {
    const until = performance.now() + settleMs;
    for (;;) {
      const completeness = await readCompleteness();
      if (isThere(completeness) || performance.now() > until) return completeness;
      await delay(lookMs);
    }
  }
  const linesOf = ({ sources }: CompletenessWire) => sources.reduce((sum, source) => sum + source.lines, 0);
  const written = () => mail.messages.length * linesPerMessage;

  try {
    for (let kill = 1; kill <= kills; kill++) {
      await writeOn(10 + below(40));
      const isAgent = below(2) === 0;
      const victim = isAgent ? agent : control;
      const death = victim.end('SIGKILL');
      await writeOn(below(40));
      await death;
      if (isAgent) agent = await startAgent();
      else control = await startControl(port);
      if (kill % 10 === 0) say(`${kill} kills, ${written()} lines written`);
      if (kill === Math.ceil(kills / 2)) {
        await control.end('SIGKILL');
        const until = performance.now() + awayMs;
        while (performance.now() < until) {
          await writeOn(10);
          await delay(lookMs);
        }
        control = await startControl(port);
        say(`control was away for ${awayMs} ms`);
        if (smallDisk !== undefined) {
          smallDisk.fill();
          await writeOn(300);
          await delay(1000);
          smallDisk.empty();
          say('the disk was full');
        }
      }
    }
    const settled = await waitFor((completeness) => linesOf(completeness) >= written());
    const saidComplete = settled.complete && settled.sentence === 'Complete.';
    await control.end('SIGKILL');
    const counts = countStoredLines(controlDir);
    const lines = mail.messages.flatMap((message) => message.lines);
    const lost = lines.filter((line) => !counts.has(line)).length;
    const doubled = lines.filter((line) => (counts.get(line) ?? 0) > 1).length;

    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const diskFull = smallDisk === undefined ? 'skipped: mounting a tmpfs needs root' : 'once';
    return {
      ...{ kills, lost, doubled, lines: lines.length, rotations, packed, awayMs, diskFull },
      ...{ saidComplete, sentence: settled.sentence, seconds },
    };
  } finally {
    await agent.end('SIGKILL');
    await control.end('SIGKILL');
    smallDisk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
}
