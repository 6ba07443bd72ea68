import { expect, test } from 'vitest';
import { ableHosts, faultNamed, injectableNamed, targetsOf, whyNotHere } from './fault-run.ts';
import { readTopology } from './topology.ts';

const whole = await readTopology('default');
const pair = await readTopology('pair');
const twoSites = await readTopology('two-sites');

test.each([
  ['postfix-master-killed', ['mx1']],
  ['database-unreachable', ['mx1']],
  ['directory-unreachable', ['mx3']],
  ['directory-killed', ['dir']],
  ['databases-killed', ['db1', 'db2']],
  ['replica-stopped', ['db2']],
  ['duplicate-address', ['witness']],
  ['control-killed', ['control']],
  ['backscatter', ['client']],
])('%s is injected into %j of the default topology', (id, hosts) => {
  expect(targetsOf(whole, faultNamed(id), undefined)).toEqual(hosts);
  expect(whyNotHere(whole, faultNamed(id))).toBe(undefined);
});

test('a mail host may be named, another kind of host is what it is', () => {
  expect(targetsOf(whole, faultNamed('queue-full'), 'mx2')).toEqual(['mx2']);
  expect(targetsOf(whole, faultNamed('control-killed'), 'mx2')).toEqual(['control']);
  expect(targetsOf(whole, injectableNamed('log-rotation'), undefined)).toEqual(['mx1']);
  expect(() => targetsOf(whole, faultNamed('queue-full'), 'mx9')).toThrow('No host of the lab is named mx9');
  expect(() => faultNamed('log-rotation')).toThrow('No fault is named log-rotation');
});

test('only hosts that have what a fault needs are able to have it', () => {
  const names = (id: string) => ableHosts(whole, faultNamed(id)).map(({ name }) => name);
  expect(names('queue-full')).toEqual(['mx1', 'mx2', 'mx3']);
  expect(names('replicator-stopped')).toEqual(['mx1', 'mx2']);
  expect(names('directory-killed')).toEqual(['mx3']);
});

test('what a topology has not got is said', () => {
  expect(whyNotHere(pair, faultNamed('databases-killed'))).toBe('This topology has no database.');
  expect(whyNotHere(pair, faultNamed('database-unreachable'))).toBe('This topology has no database.');
  expect(whyNotHere(pair, faultNamed('directory-killed'))).toBe('This topology has no directory.');
  expect(whyNotHere(whole, faultNamed('wan-cut'))).toMatch(/one place/);
  expect(whyNotHere(twoSites, faultNamed('wan-cut'))).toBe(undefined);
  expect(targetsOf(twoSites, faultNamed('wan-cut'), undefined)).toEqual(['router']);
});
