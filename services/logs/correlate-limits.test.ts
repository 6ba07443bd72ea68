// The bounds of stories and of the correlator, and what a large log does to it.
import { describe, expect, test } from 'vitest';
import { generateDefaults, generateLog } from '../../test/bench/generate-log.ts';
import { createCorrelator, type Loaded } from './correlate.ts';
import { createLineParser } from './parse.ts';
import { type StoryState, storyLimits } from './story-state.ts';
import { toStory, toSummary } from './story-view.ts';

function createRun(storiesMax?: number, storyPartsMax?: number) {
  const stored = new Map<number, Loaded>();
  const load = (no: number): Loaded | undefined => structuredClone(stored.get(no));
  const limits = {
    ...(storiesMax === undefined ? {} : { storiesMax }),
    ...(storyPartsMax === undefined ? {} : { storyPartsMax }),
  };
  const correlator = createCorrelator({ nextNo: 1, limits }, { load });
  const parser = createLineParser({ now: Date.parse('2026-11-22T23:00:00Z'), timeZone: 'UTC' });
  let index = 0;
  const run = {
    correlator,
    feed: (node: string, text: string): void => {
      correlator.apply(parser.parse(text), node, { block: 1, index });
      index += 1;
    },
    drain: (): void => {
      const { changed, merged } = correlator.drain();
      for (const story of changed) stored.set(story.no, structuredClone(story));
      for (const { no, into } of merged) stored.set(no, { mergedInto: into });
    },
    states: (): StoryState[] => {
      run.drain();
      return [...stored.values()].filter((loaded): loaded is StoryState => !('mergedInto' in loaded));
    },
  };
  return run;
}

const at = (second: number): string => `Nov 22 ${new Date(second * 1000).toISOString().slice(11, 19)} mx1 postfix/`;

describe('one story', () => {
  test('with thousands of recipients keeps the fate of each, and bounded lists', () => {
    const run = createRun();
    const people = storyLimits.outcomesPerLegMax + 5;
    run.feed('mx1', `${at(0)}qmgr[1]: A000000001: from=<list@example.net>, size=1, nrcpt=${people} (queue active)`);
    for (const [round, status] of ['deferred', 'sent'].entries())
      for (let person = 0; person < people; person += 1) {
        const mine = person % 10 === 0 ? 'bounced' : status;
        run.feed(
          'mx1',
          `${at(round * 600 + 1)}smtp[2]: A000000001: to=<p${person}@example.org>, relay=none, delay=1, delays=0/0/0/1, dsn=2.0.0, status=${mine} (words)`,
        );
      }
    const [state] = run.states();
    if (state === undefined) throw new Error('no story');
    const story = toStory(state);
    expect(story.recipients).toHaveLength(storyLimits.outcomesPerLegMax);
    expect(story.recipientsOmitted).toBe(5);
    expect(story.recipients.filter((recipient) => recipient.fate === 'bounced')).toHaveLength(
      storyLimits.outcomesPerLegMax / 10,
    );
    expect(story.recipients.filter((recipient) => recipient.fate === 'delivered')).toHaveLength(
      (storyLimits.outcomesPerLegMax * 9) / 10,
    );
    expect(story.recipients[1]).toMatchObject({ to: 'p1@example.org', fate: 'delivered', attempts: 2 });
    expect(story.legs[0]?.attempts).toHaveLength(storyLimits.attemptsPerLegMax);
    expect(story.legs[0]?.attemptsOmitted).toBe(people * 2 - storyLimits.attemptsPerLegMax);
    expect(state.lines).toHaveLength(storyLimits.linesMax * 3);
    expect(state.linesOmitted).toBe(people * 2 + 1 - storyLimits.linesMax);
    expect(toSummary(state)).toMatchObject({ fate: 'bounced', recipientCount: people });
  });

  test('takes no more legs than its bound: the rest stay stories of their own', () => {
    const run = createRun();
    const hops = storyLimits.legsMax + 20;
    run.feed('mx1', `${at(0)}cleanup[1]: A000000001: message-id=<mass@example.net>`);
    for (let hop = 0; hop < hops; hop += 1) {
      const queueId = (0xb000000000 + hop).toString(16).toUpperCase();
      run.feed(
        'mx1',
        `${at(1)}smtp[2]: A000000001: to=<p${hop}@example.org>, relay=hub[198.51.100.2]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${queueId})`,
      );
      run.feed('hub', `${at(1)}cleanup[1]: ${queueId}: message-id=<mass@example.net>`);
    }
    const states = run.states();
    expect(Math.max(...states.map((state) => state.legs.length))).toBe(storyLimits.legsMax);
    expect(states.reduce((sum, state) => sum + state.legs.length, 0)).toBe(hops + 1);
  });

  test('keeps long texts cut', () => {
    const run = createRun();
    run.feed(
      'mx1',
      `${at(1)}smtp[2]: A000000001: to=<a@b.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (${'x'.repeat(50_000)})`,
    );
    const [state] = run.states();
    expect(state?.legs[0]?.attempts[0]?.reason).toHaveLength(storyLimits.textMax);
  });
});

describe('a long log', () => {
  const lines: { node: string; text: string }[] = [];
  generateLog({ ...generateDefaults, lines: 6_000 }, (chunk) => {
    for (const text of chunk.split('\n'))
      if (text !== '') lines.push({ node: text.slice(16, text.indexOf(' ', 16)), text });
  });
  const tell = (states: StoryState[]): string[] =>
    states
      .map((state) => JSON.stringify({ ...toStory(state), id: '', noticeOf: '', notices: state.notices.length }))
      .sort();

  test('gives the same stories at once, and in parts with everything put away between them', () => {
    const whole = createRun();
    for (const { node, text } of lines) whole.feed(node, text);
    const told = tell(whole.states());
    expect(told.length).toBeGreaterThan(400);
    for (const part of [101, 1_000]) {
      const run = createRun(0);
      for (const [index, { node, text }] of lines.entries()) {
        run.feed(node, text);
        if (index % part === 0) run.drain();
      }
      expect(tell(run.states())).toEqual(told);
    }
  });

  test('leaves no more of large stories in memory than their size allows', () => {
    const run = createRun(1_000, 3_000);
    for (const { node, text } of lines) run.feed(node, text);
    run.drain();
    expect(run.correlator.sizes().stories).toBeLessThan(400);
    expect(run.correlator.sizes().stories).toBeGreaterThan(50);
  });

  test('leaves no more stories in memory than the bound', () => {
    const run = createRun(50);
    for (const [index, { node, text }] of lines.entries()) {
      run.feed(node, text);
      if (index % 500 !== 0) continue;
      run.drain();
      expect(run.correlator.sizes().stories).toBeLessThanOrEqual(50);
    }
    expect(run.correlator.sizes().forgottenKeys).toBe(0);
  });
});
