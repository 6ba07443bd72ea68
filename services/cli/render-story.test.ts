import { describe, expect, test } from 'vitest';
import type { StoryDetail, StoryPage } from '../protocol/api.ts';
import { renderLimits, renderMatches, renderStory } from './render-story.ts';
import { terminalStyle } from './terminal.ts';

const plain = terminalStyle({ isTTY: false }, {});
const time = Date.parse('2026-11-22T10:00:00Z');
const completeness = { since: time, until: time + 2000, complete: true, sentence: 'Complete.', sources: [] };

const detail: StoryDetail = {
  story: {
    id: 's1',
    messageId: 'one@example.net',
    from: 'alice@example.net',
    size: 1200,
    firstSeenAt: time,
    lastSeenAt: time + 2000,
    fate: 'deferred',
    closed: false,
    legs: [
      {
        ...{ node: 'edge', instance: 'postfix', queueId: 'AAB0C1D201', role: 'smtp-in' },
        ...{
          firstSeenAt: time,
          lastSeenAt: time + 1000,
          removedAt: time + 1000,
          clientHost: 'client.example.net',
          clientIp: '192.0.2.10',
        },
        tlsProtocol: 'TLSv1.3',
        attempts: [
          {
            ...{
              time: time + 1000,
              to: 'bob@example.org',
              status: 'sent',
              nextQueueId: 'BBB0C1D202',
              relay: { host: 'hub.example.org' },
            },
            delays: { beforeQmgr: 0.2, qmgr: 0, connection: 0.3, transmission: 0.5 },
          },
        ],
      },
      {
        ...{ node: 'hub', instance: 'postfix', queueId: 'BBB0C1D202', role: 'smtp-in' },
        ...{ firstSeenAt: time + 1000, lastSeenAt: time + 2000, attempts: [] },
      },
    ],
    recipients: [
      {
        ...{ to: 'bob@example.org', fate: 'deferred', time: time + 2000, attempts: 3, relay: 'box.example.org' },
        reason: 'host said: 450 4.2.0 \u001b[2Jtry \u202elater',
      },
      {
        to: 'carol@example.org',
        fate: 'delivered',
        time: time + 2000,
        attempts: 1,
        mailbox: 'Junk',
        sieve: 'fileinto',
      },
    ],
    notices: ['s9'],
  },
  lines: [
    { node: 'edge', time, text: 'Nov 22 10:00:00 edge postfix/smtpd[1]: AAB0C1D201: client=…', kind: 'client', leg: 0 },
    { node: 'hub', time, text: 'evil \u001b]0;title\u0007 \u009b31m line', kind: 'unparsed', leg: 1 },
  ],
  linesOmitted: 7,
  completeness,
};

describe('a story', () => {
  test('is told as fate, journey and proof', () => {
    expect(renderStory(detail, plain)).toBe(`<one@example.net>, from alice@example.net, 1200 bytes
Its sender was told in story s9.

bob@example.org: not delivered yet after 3 attempts, the last at 2026-11-22 10:00:02 by box.example.org: host said: 450 4.2.0 \\x1b[2Jtry \\u202elater
carol@example.org: delivered into Junk (sieve fileinto) at 2026-11-22 10:00:02, after one attempt.

Journey
2026-11-22 10:00:00  edge  AAB0C1D201  smtp-in from client.example.net[192.0.2.10], TLSv1.3
  2026-11-22 10:00:01  bob@example.org via hub.example.org: sent → BBB0C1D202 [before queue 0.2 s, in queue 0 s, connecting 0.3 s, transmitting 0.5 s]
  2026-11-22 10:00:01  left the queue
2026-11-22 10:00:01  +1 s  hub  BBB0C1D202  smtp-in

Lines
edge  AAB0C1D201  Nov 22 10:00:00 edge postfix/smtpd[1]: AAB0C1D201: client=…
hub  BBB0C1D202  evil \\x1b]0;title\\x07 \\x9b31m line
7 more lines are not shown.

The log is complete for this time.
`);
  });

  test('never lets a control of a log reach the terminal, in any field', () => {
    const hostile = JSON.parse(
      JSON.stringify(detail).replaceAll(
        /example|postfix|TLSv1|client|Junk|fileinto/g,
        (word) => `${word}\\u001b[31m\\u009d\\u0007`,
      ),
    ) as StoryDetail;
    const shown = renderStory(hostile, plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about control characters
    expect(shown.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)).toBeNull();
  });

  test('of a mass mailing stays readable', () => {
    const many = Array.from({ length: 500 }, (_, at) => ({
      ...detail.story.recipients[1],
      to: `person${at}@example.org`,
    }));
    const story = { ...detail.story, recipients: many as StoryDetail['story']['recipients'], recipientsOmitted: 8 };
    const lines = Array.from({ length: 1000 }, () => ({ node: 'edge', time, text: 'line', kind: 'info' }));
    const shown = renderStory({ ...detail, story, lines }, plain);
    expect(shown).toContain(`${500 - renderLimits.recipients + 8} more recipients are not shown.`);
    expect(shown).toContain(`${1000 - renderLimits.lines + 7} more lines are not shown.`);
  });

  test('says what may be missing', () => {
    const holed = { ...completeness, complete: false, sentence: '12 bytes of log are missing from mx1.' };
    expect(renderStory({ ...detail, completeness: holed }, plain)).toContain(
      'The log may not tell all of it: 12 bytes of log are missing from mx1.',
    );
  });
});

test('several matches are listed with the way to one', () => {
  const page: StoryPage = {
    items: [
      {
        ...{ id: 's1', firstSeenAt: time, lastSeenAt: time, fate: 'delivered', closed: true, queueIds: ['AAB0C1D201'] },
        ...{ from: 'alice@example.net', to: ['bob@example.org'], recipientCount: 3, nodes: ['edge'] },
      },
      {
        ...{ id: 's2', firstSeenAt: time, lastSeenAt: time, fate: 'rejected', closed: true, queueIds: [] },
        ...{ from: 'a\u001b[0m@x', to: [], recipientCount: 0, nodes: ['edge'], reason: 'Relay access denied' },
      },
    ],
    nextCursor: '1.2',
    completeness,
  };
  expect(
    renderMatches(page, plain, 200),
  ).toBe(`first seen (UTC)     fate       queue id    from               to                  because
2026-11-22 10:00:00  delivered  AAB0C1D201  alice@example.net  bob@example.org +2
2026-11-22 10:00:00  rejected   s2          a\\x1b[0m@x                             Relay access denied

More than 2 messages match; these are the newest. For one of them give its queue id or message id; narrow the search with from:, to:, fate:, node:, --since or --until.

The log is complete for this time.
`);
});
