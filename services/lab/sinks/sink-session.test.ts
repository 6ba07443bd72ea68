import { expect, test } from 'vitest';
import type { SinkBehaviour } from '../roles/remote.ts';
import { sinkScripts } from './behaviours.ts';
import { answer, freshSession, greet, type SinkContext, type SinkState } from './sink-session.ts';

/** The replies of a session in which every line is sent whatever came back. */
function talk(behaviour: SinkBehaviour, known: Set<string>): readonly string[] {
  const context: SinkContext = {
    script: sinkScripts[behaviour],
    ip: '10.77.1.11',
    banner: 'mail.test',
    isKnown: (key) => known.has(key) || !known.add(key),
  };
  const said: string[] = [];
  let state: SinkState = freshSession;
  const first = greet(context);
  said.push(first.reply ?? 'silence');
  if (first.end !== undefined) return said;
  for (const line of [
    'EHLO x',
    'MAIL FROM:<a@lab.test>',
    'RCPT TO:<b@y.test>',
    'DATA',
    'Subject: x',
    '',
    'x',
    '.',
    'QUIT',
  ]) {
    const step = answer(state, line, context);
    state = step.state;
    if (step.accepted !== undefined) said.push(`taken for ${step.accepted.to.join()}`);
    if (step.reply !== undefined) said.push(step.reply);
    if (step.silent) said.push('silence');
    if (step.end !== undefined) return step.end === 'at-once' ? [...said, 'closed'] : said;
  }
  return said;
}

test('a sink that accepts takes the message once and whole', () => {
  const said = talk('accept', new Set());
  expect(said.filter((line) => line.startsWith('taken'))).toEqual(['taken for b@y.test']);
  expect(said.at(-1)).toBe('221 2.0.0 Bye');
});

test('a greylisting sink defers the first try and takes the second', () => {
  const known = new Set<string>();
  expect(talk('greylist', known).join()).toContain('451 4.7.1 <b@y.test>: Recipient address rejected: Greylisted');
  expect(talk('greylist', known)).toContain('taken for b@y.test');
});

test.each([
  ['busy', '421 4.3.2 Service not available, too many connections'],
  ['outlook-blocked', "550 5.7.1 Unfortunately, messages from [10.77.1.11] weren't sent."],
  ['yahoo-deferred', '421 4.7.0 [TSS04] Messages from 10.77.1.11 temporarily deferred'],
  ['gmail-throttle', '421-4.7.28 [10.77.1.11] Our system has detected an unusual rate'],
  ['mailbox-full', "452 4.2.2 <b@y.test>: The recipient's inbox is out of storage space"],
  ['hang', 'silence'],
  ['drop', 'closed'],
] as const)('%s answers as that provider does and takes nothing', (behaviour, text) => {
  const said = talk(behaviour, new Set()).join('\n');
  expect(said).toContain(text);
  expect(said).not.toContain('taken');
});
