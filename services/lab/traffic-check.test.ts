import { expect, test } from 'vitest';
import { judgeMessage, requireCheckable } from './traffic-check.ts';

const message = { messageId: '<m@lab.test>', to: ['a@lab.test', 'b@lab.test'], outcome: 'accepted' } as const;
const sent = { ...message, to: [...message.to] };
const there = new Map([['<m@lab.test>', new Set(['a@lab.test', 'b@lab.test'])]]);
const halfThere = new Map([['<m@lab.test>', new Set(['a@lab.test'])]]);
const told = (a: 'delivered' | 'deferred' | 'bounced', b: 'delivered' | 'deferred' | 'bounced') => [
  { to: 'a@lab.test', fate: a },
  { to: 'b@lab.test', fate: b },
];

test('delivered means in every mailbox, and told so of every recipient', () => {
  expect(judgeMessage(sent, there, told('delivered', 'delivered'))).toBe('delivered');
  expect(judgeMessage(sent, there, told('delivered', 'deferred'))).toBeUndefined();
  expect(judgeMessage(sent, there, told('delivered', 'delivered').slice(1))).toBeUndefined();
});

test('what is not there yet must not be told as delivered', () => {
  expect(judgeMessage(sent, halfThere, told('delivered', 'deferred'))).toBe('waiting');
  expect(judgeMessage(sent, halfThere, told('delivered', 'delivered'))).toBeUndefined();
  expect(judgeMessage(sent, halfThere, told('delivered', 'bounced'))).toBeUndefined();
  expect(judgeMessage(sent, new Map(), [])).toBeUndefined();
});

test('a recipient is known by the address that was written to, too', () => {
  const aliased = [
    { to: 'c@lab.test', origTo: 'a@lab.test', fate: 'delivered' as const },
    ...told('delivered', 'delivered').slice(1),
  ];
  expect(judgeMessage(sent, there, aliased)).toBe('delivered');
});

test('a refused message is rejected, and nothing else', () => {
  const refused = { ...sent, to: ['nobody@lab.test'], outcome: 'refused' as const };
  expect(judgeMessage(refused, there, [{ to: 'nobody@lab.test', fate: 'rejected' }])).toBe('rejected');
  expect(judgeMessage(refused, there, [{ to: 'nobody@lab.test', fate: 'deferred' }])).toBeUndefined();
});

test('a run that is too long to be looked up is refused before it begins', () => {
  const wish = { users: 10, profile: 'flat', seconds: 1000 } as const;
  expect(() => requireCheckable({ ...wish, ratePerSecond: 20 })).not.toThrow();
  expect(() => requireCheckable({ ...wish, ratePerSecond: 21 })).toThrow('20000 actions');
});
