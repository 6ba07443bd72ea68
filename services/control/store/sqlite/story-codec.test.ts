import { expect, test } from 'vitest';
import { createLeg, createStory, type StoryState } from '../../../logs/story-state.ts';
import { decodeStory, encodeLines, encodeStory } from './story-codec.ts';

function someStory(): StoryState {
  const story = createStory(12_345);
  const leg = createLeg({ node: 'mx1', instance: 'postfix', time: 1_795_341_600_000, role: 'smtp-in' });
  leg.queueId = '4QF7L52xpxz1Rf';
  leg.from = '';
  leg.whole = { fate: 'held', time: 1_795_341_600_001, reason: 'waits "for" a person' };
  leg.loopback = true;
  leg.attempts.push({
    time: 1,
    to: 'a@b',
    status: 'sent',
    relay: { host: 'h', port: 25 },
    delays: { beforeQmgr: 0, qmgr: 0, connection: 1, transmission: 2 },
  });
  leg.outcomes.set('a@b', { to: 'A@b', fate: 'delivered', time: 1, attempts: 2, mailbox: 'INBOX', sieve: 'fileinto' });
  leg.outcomes.set('c@d', { to: 'c@d', fate: 'deferred', time: 1, attempts: 1 });
  leg.outcomesOmitted = 3;
  story.legs.push(leg, createLeg({ node: 'mx2', instance: 'dovecot', time: 5, role: 'mailbox' }));
  story.lines.push(7, 3, 0, 7, 4, 0, 6, 900, 1, 2 ** 40, 0, 1);
  story.linesOmitted = 2;
  story.noticeOf = 9;
  story.notices.push(10, 11);
  return story;
}

test('what is stored comes back as it was, absent fields absent', () => {
  const story = someStory();
  expect(decodeStory(story.no, encodeStory(story), encodeLines(story.lines))).toStrictEqual(story);
});

test('a story of two legs is a few hundred bytes', () => {
  expect(encodeStory(someStory()).length).toBeLessThan(700);
  expect(encodeLines([1_000_000, 5, 0, 1_000_000, 6, 0, 1_000_000, 9, 0]).length).toBeLessThan(14);
});
