import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import type { Trust } from '../trust/trust.ts';
import { createDoorkeeper } from './guards.ts';

const trust = {
  names: ['control.example.org', '192.0.2.7', '2001:db8::7'],
  peerOf: () => {
    throw new AppError('certificate-needed', 'none was shown');
  },
} as unknown as Trust;
const request = (remoteAddress: string, host: string, url = '/api/v1/nodes', headers: object = {}) =>
  ({ url, headers: { host, ...headers }, socket: { remoteAddress } }) as unknown as IncomingMessage;
const doorkeeper = createDoorkeeper({
  names: [],
  pagesFrom: ['198.51.100.0/24', '2001:db8:1::/48', '203.0.113.5'],
  trust,
});

test.each([
  ['127.0.0.1', 'localhost:7400', undefined],
  ['::1', '[::1]:7400', undefined],
  ['198.51.100.9', 'control.example.org:7400', undefined],
  ['::ffff:198.51.100.9', '192.0.2.7:7400', undefined],
  ['2001:db8:1::9', '[2001:db8::7]:7400', undefined],
  ['203.0.113.5', '192.0.2.7', undefined],
  ['198.51.100.9', 'rebound.example', 'forbidden'],
  ['203.0.113.6', '192.0.2.7', 'forbidden'],
  ['2001:db8:2::9', '192.0.2.7', 'forbidden'],
])('with TLS, who asks from %s for %s: %s', (address, host, code) => {
  expect(doorkeeper(request(address, host))?.code).toBe(code);
});

test('agents come from anywhere under any name, and a page of elsewhere from nowhere', () => {
  expect(doorkeeper(request('203.0.113.6', 'x', '/trust/v1/join'))).toBeUndefined();
  expect(doorkeeper(request('203.0.113.6', 'x', '/ingest/v1/batches'))).toBeUndefined();
  const peer = { ...trust, peerOf: () => ({ node: 'mx1', serial: 'S', endsAt: 1 }) } as unknown as Trust;
  expect(createDoorkeeper({ names: [], trust: peer })(request('203.0.113.6', 'x', '/socket.io/'))).toBeUndefined();
  const origin = { origin: 'https://evil.example' };
  expect(doorkeeper(request('127.0.0.1', 'localhost', '/api/v1/nodes', origin))?.code).toBe('forbidden');
});

test("a node's certificate opens the agents' paths and neither pages nor API", () => {
  const peer = { ...trust, peerOf: () => ({ node: 'mx1', serial: 'S', endsAt: 1 }) } as unknown as Trust;
  const door = createDoorkeeper({ names: [], trust: peer });
  for (const path of ['/api/v1/stories', '/', '/metrics', '/docs/json', '/ingested', '/x/ingest/'])
    expect(door(request('203.0.113.6', '192.0.2.7', path))?.code, path).toBe('forbidden');
  const origin = { origin: 'https://evil.example' };
  expect(door(request('127.0.0.1', 'localhost', '/api/v1/nodes', origin))?.code).toBe('forbidden');
});

test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'])(
  'what a proxy hands on is refused by its header %s, until the configuration says that the proxy asks who it is',
  (name) => {
    const headers = { [name]: 'x' };
    const doors = [doorkeeper, createDoorkeeper({ names: [] })];
    for (const door of doors)
      expect(door(request('127.0.0.1', 'localhost', '/', headers))).toMatchObject({
        code: 'forbidden',
        hint: expect.stringContaining('pagesBehindProxy'),
      });
    const open = createDoorkeeper({ names: [], pagesBehindProxy: true, trust });
    expect(open(request('127.0.0.1', 'localhost', '/', headers))).toBeUndefined();
    for (const path of ['/ingest/v1/batches', '/trust/v1/join'])
      expect(open(request('127.0.0.1', 'localhost', path, headers))?.code, path).toBe('forbidden');
    const plain = createDoorkeeper({ names: [], pagesBehindProxy: true });
    expect(plain(request('127.0.0.1', 'localhost', '/ingest/v1/batches', headers))?.code).toBe('forbidden');
  },
);
