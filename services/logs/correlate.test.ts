// Scenarios as text: log lines (`node/file| line`), then `----`, then the stories that come of them. The order of lines
// within a file is kept, the order between files is not promised, and neither is memory: every scenario is run as it stands,
// with its files interleaved at random, and with everything put away between any two lines.
// `UPDATE_GOLDEN=1 vitest …` writes the expectations anew; read the difference before you commit it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Story } from '../protocol/story.ts';
import { type Correlator, createCorrelator, type Loaded } from './correlate.ts';
import { createLineParser } from './parse.ts';
import type { StoryState } from './story-state.ts';
import { toStory } from './story-view.ts';

const folder = join(import.meta.dirname, 'fixtures', 'correlate');
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
const update = process.env.UPDATE_GOLDEN === '1';

type Line = { readonly node: string; readonly file: string; readonly text: string };

function readScenario(name: string): { head: string; lines: Line[]; expected: string } {
  const [head = '', expected = ''] = readFileSync(join(folder, name), 'utf8').split('----\n');
  const lines = head.split('\n').flatMap((line) => {
    const [, file, node, text] = /^(([\w-]+)[\w/-]*)\| (.*)$/.exec(line) ?? [];
    return file === undefined || node === undefined || text === undefined ? [] : [{ file, node, text }];
  });
  return { head, lines, expected };
}

/** A store of one Map: what is put away is copied, as a file would. */
function createRun(limits: { storiesMax?: number } = {}) {
  const stored = new Map<number, Loaded>();
  const parser = createLineParser({ now: Date.parse('2026-11-22T23:00:00Z'), timeZone: 'UTC' });
  const load = (no: number): Loaded | undefined => structuredClone(stored.get(no));
  const correlator: Correlator = createCorrelator({ nextNo: 1, limits }, { load });
  return {
    feed: ({ node, text }: Line, index: number): void => {
      correlator.apply(parser.parse(text), node, { block: 1, index });
    },
    drain: (): void => {
      const { changed, merged } = correlator.drain();
      for (const story of changed) stored.set(story.no, structuredClone(story));
      for (const { no, into } of merged) stored.set(no, { mergedInto: into });
    },
    stories: (): Story[] =>
      [...stored.values()].filter((loaded): loaded is StoryState => !('mergedInto' in loaded)).map(toStory),
    states: (): StoryState[] =>
      [...stored.values()].filter((loaded): loaded is StoryState => !('mergedInto' in loaded)),
    /** The number that a story has now. */
    resolve: (id: string): string => {
      let no = Number.parseInt(id.slice(1), 36);
      for (;;) {
        const loaded = stored.get(no);
        if (loaded === undefined || !('mergedInto' in loaded)) return `s${no.toString(36)}`;
        no = loaded.mergedInto;
      }
    },
  };
}

function tell(run: ReturnType<typeof createRun>): string {
  const stories = run.stories().map((story) => ({ story, text: tellStory(story) }));
  stories.sort((a, b) => a.story.firstSeenAt - b.story.firstSeenAt || (a.text < b.text ? -1 : 1));
  const nameOf = (id: string): string => {
    const at = stories.findIndex(({ story }) => story.id === run.resolve(id));
    return `story ${at + 1}`;
  };
  return stories
    .map(({ story, text }, at) => {
      const links = [
        ...(story.noticeOf === undefined ? [] : [`  is a notice of ${nameOf(story.noticeOf)}\n`]),
        ...(story.notices ?? []).map((id) => `  its notice is ${nameOf(id)}\n`),
      ];
      return `story ${at + 1}: ${text}${links.join('')}`;
    })
    .join('');
}

const clock = (time: number): string => new Date(time).toISOString().slice(5, 19);

function tellStory(story: Story): string {
  const words = [story.fate, story.closed ? 'closed' : 'open'];
  if (story.messageId !== undefined) words.push(`<${story.messageId}>`);
  if (story.from !== undefined) words.push(`from=${story.from}`);
  if (story.size !== undefined) words.push(`size=${story.size}`);
  const legs = story.legs.map((leg) => {
    const facts = [`${leg.node} ${leg.instance}`, leg.queueId ?? '-', leg.role, clock(leg.firstSeenAt)];
    if (leg.removedAt !== undefined) facts.push(`removed ${clock(leg.removedAt)}`);
    if (leg.clientIp !== undefined) facts.push(`client=${leg.clientIp}`);
    if (leg.saslUser !== undefined) facts.push(`user=${leg.saslUser}`);
    if (leg.tlsProtocol !== undefined) facts.push(leg.tlsProtocol);
    facts.push(`attempts=${leg.attempts.length}`);
    return `  ${facts.join(' ')}\n`;
  });
  const recipients = [...story.recipients]
    .sort((a, b) => (a.to < b.to ? -1 : 1))
    .map((recipient) => {
      const facts = [`${recipient.to}: ${recipient.fate}`, `attempts=${recipient.attempts}`];
      for (const name of ['origTo', 'dsn', 'relay', 'mailbox', 'sieve'] as const)
        if (recipient[name] !== undefined) facts.push(`${name}=${recipient[name]}`);
      return `  to ${facts.join(' ')}\n`;
    });
  return `${words.join(' ')}\n${legs.join('')}${recipients.join('')}`;
}

/** A small generator of chance from a seed, so that a failure repeats. */
function createDice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * sides);
  };
}

function interleave(lines: readonly Line[], seed: number): Line[] {
  const dice = createDice(seed);
  const files = [...Map.groupBy(lines, (line) => line.file).values()].map((list) => [...list]);
  const mixed: Line[] = [];
  while (files.length > 0) {
    const at = dice(files.length);
    const next = files[at]?.shift();
    if (next === undefined) files.splice(at, 1);
    else mixed.push(next);
  }
  return mixed;
}

function runAll(lines: readonly Line[], drainAfter: (index: number) => boolean, storiesMax?: number): string {
  const run = createRun(storiesMax === undefined ? {} : { storiesMax });
  for (const [index, line] of lines.entries()) {
    run.feed(line, index);
    if (drainAfter(index)) run.drain();
  }
  run.drain();
  return tell(run);
}

describe.each(names)('%s', (name) => {
  const { head, lines, expected } = readScenario(name);

  test('gives these stories', () => {
    const told = runAll(lines, () => false);
    if (update) writeFileSync(join(folder, name), `${head.trimEnd()}\n----\n${told}`);
    else expect(told).toBe(expected);
  });

  test('gives the same stories when everything is put away after every line', () => {
    expect(runAll(lines, () => true, 0)).toBe(runAll(lines, () => false));
  });

  test('gives the same stories whichever file is heard first', () => {
    const told = runAll(lines, () => false);
    for (let seed = 1; seed <= 40; seed += 1) {
      const dice = createDice(seed);
      expect(
        runAll(interleave(lines, seed), () => dice(3) === 0, 0),
        `seed ${seed}`,
      ).toBe(told);
    }
  });
});

describe('all scenarios at once', () => {
  // Processes of their own, as one machine would have: a process serves one client at a time.
  const everything = names.flatMap((name, at) =>
    readScenario(name).lines.map(({ file, node, text }) => ({
      file: `${name}/${file}`,
      node,
      text: text.replace(/\[(\d+)\]: /, (_, pid: string) => `[${Number(pid) + at * 1000}]: `),
    })),
  );

  test('do not touch each other', () => {
    const told = runAll(everything, () => false);
    for (let seed = 1; seed <= 5; seed += 1) {
      const dice = createDice(seed);
      expect(
        runAll(interleave(everything, seed), () => dice(10) === 0, 3),
        `seed ${seed}`,
      ).toBe(told);
    }
  });

  test('belong every line of a message to exactly one story', () => {
    const run = createRun();
    for (const [index, line] of everything.entries()) run.feed(line, index);
    run.drain();
    const owners = new Map<number, number>();
    for (const state of run.states())
      for (let at = 1; at < state.lines.length; at += 3) {
        const line = state.lines[at] ?? -1;
        owners.set(line, (owners.get(line) ?? 0) + 1);
      }
    for (const [index, line] of everything.entries()) {
      if (!/\b[0-9A-F]{10}: (?!reject: RCPT from bad)/.test(line.text)) continue;
      expect(owners.get(index), line.text).toBe(1);
    }
  });
});
