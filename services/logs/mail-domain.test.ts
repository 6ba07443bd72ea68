import { expect, test } from 'vitest';
import { createDomainScope, domainKey, parentDomains, parentDomainsMax } from './mail-domain.ts';

test.each([
  ['Example.ORG', 'example.org'],
  ['example.org.', 'example.org'],
  ['MÜNCHEN.example', 'xn--mnchen-3ya.example'],
  ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
  ['例子。测试', 'xn--fsqu00a.xn--0zwm56d'],
  ['[192.0.2.1]', '[192.0.2.1]'],
  ['ü /x', 'ü /x'],
])('%s compares as %s', (domain, key) => {
  expect(domainKey(domain)).toBe(key);
});

test.each([
  ['example.org', 'ann@Example.Org', true],
  ['@example.org', 'ann@example.org', true],
  ['example.org', 'ann@mail.example.org', false],
  ['.example.org', 'ann@mail.example.org', true],
  ['.example.org', 'ann@example.org', true],
  ['.example.org', 'ann@notexample.org', false],
  ['example.org', 'ann@notexample.org', false],
  ['münchen.example', 'ann@xn--mnchen-3ya.example', true],
  ['xn--mnchen-3ya.example', 'ann@München.example', true],
  ['example.org', '"a@b"@example.org', true],
  ['example.org', 'ann@example.org@elsewhere.example', false],
  ['example.org', 'root', false],
  ['example.org', 'root@', false],
  ['example.org', '', false],
])('the scope %s of %s: %s', (text, address, isCovered) => {
  expect(createDomainScope(text).covers(address)).toBe(isCovered);
});

test('parents leave out the top, and are bounded', () => {
  expect(parentDomains('a.b.example.org')).toEqual(['b.example.org', 'example.org']);
  expect(parentDomains('example.org')).toEqual([]);
  expect(parentDomains('[192.0.2.1]')).toEqual([]);
  const deep = parentDomains(`${'a.'.repeat(60)}example.org`);
  expect(deep).toHaveLength(parentDomainsMax);
  expect(deep.at(-1)).toBe('example.org');
});
