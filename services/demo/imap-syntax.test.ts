import { expect, test } from 'vitest';
import { fetchAnswer, isInSet, parseCommand } from './imap-syntax.ts';

test.each([
  ['A1 NOOP', { tag: 'A1', name: 'NOOP', args: [] }],
  ['2 login "al\\"ice" {demo', { tag: '2', name: 'LOGIN', args: ['al"ice', '{demo'] }],
  [
    '3 UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (FROM TO)])',
    { tag: '3', name: 'UID FETCH', args: ['1:*', ['FLAGS', 'BODY.PEEK[HEADER.FIELDS (FROM TO)]']] },
  ],
])('%s is read', (line, command) => {
  expect(parseCommand(line)).toEqual(command);
});

test.each(['', 'A1', '(((((((((((((', '"', ')'])('%j is no command, and ends', (line) => {
  expect(parseCommand(line)).toBeUndefined();
});

test('a set takes ranges in either order and the last message', () => {
  const inSet = [1, 2, 3, 4, 5, 6].filter((number) => isInSet('2,*:5', number, 6));
  expect(inSet).toEqual([2, 5, 6]);
});

test('FETCH sends the bytes it announces and marks a body as seen only when not peeked', () => {
  const mail = { uid: 7, raw: 'Subject: a\r\n\r\nbödy', receivedAt: 0, flags: new Set(['\\Seen']) };
  const answer = fetchAnswer(mail, ['UID', 'FLAGS', 'BODY[TEXT]']);
  expect(answer).toEqual({
    text: 'UID 7 FLAGS (\\Seen) BODY[TEXT] {5}\r\nbödy',
    bodyBytes: 5,
    headerBytes: 0,
    setsSeen: true,
  });
  expect(fetchAnswer(mail, ['BODY.PEEK[HEADER]']).setsSeen).toBe(false);
});
