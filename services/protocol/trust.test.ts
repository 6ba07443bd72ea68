import { expect, test } from 'vitest';
import { commandText, joinTokenOf, joinTokenSchema, nodeUriOf, readNodeUri, readUri } from './trust.ts';

test.each([
  ['URI:mailward://node/mx1', 'mx1'],
  ['DNS:a.example, URI:mailward://node/mx1.example.org, URI:https://elsewhere', 'mx1.example.org'],
  ['URI:mailward://control, URI:mailward://node/mx1', undefined],
  ['URI:mailward://node/mx1, URI:mailward://node/mx2', undefined],
  ['URI:mailward://control', undefined],
  ['URI:mailward://node/', undefined],
  ['URI:mailward://node/mx1/x', undefined],
  ['DNS:mailward://node/mx1', undefined],
  [undefined, undefined],
])('the names %s stand for the node %s', (names, node) => {
  expect(readNodeUri(readUri(names))).toBe(node);
});

test('a name survives its certificate', () => {
  expect(readNodeUri(nodeUriOf('MX-1.example.org'))).toBe('MX-1.example.org');
});

test('a token is read back, and one of another form is none', () => {
  const [secret, caFingerprint] = ['s'.repeat(43), 'f'.repeat(43)];
  expect(joinTokenSchema.parse(joinTokenOf(secret, caFingerprint))).toEqual({ secret, caFingerprint });
  for (const text of ['', `mwj2.${secret}.${caFingerprint}`, `mwj1.${secret}`, `mwj1.${secret}.${caFingerprint}x`])
    expect(joinTokenSchema.safeParse(text).success, text).toBe(false);
});

test('what is signed does not depend on the order of parameters, and on nothing less than every field', () => {
  const command = {
    id: 'c',
    action: 'a',
    node: 'mx1',
    epoch: 1,
    nonce: 'n',
    notAfter: 2,
    parameters: { b: 1, a: '2' },
  };
  expect(commandText({ ...command, parameters: { a: '2', b: 1 } })).toBe(commandText(command));
  const others = [{ id: 'd' }, { action: 'b' }, { node: 'mx2' }, { epoch: 2 }, { nonce: 'm' }, { notAfter: 3 }];
  const changed = [...others, { parameters: { b: 1 } }, { parameters: { b: '1', a: '2' } }];
  const texts = changed.map((parts) => commandText({ ...command, ...parts }));
  expect(new Set([...texts, commandText(command)]).size).toBe(changed.length + 1);
});
