import { expect, test } from 'vitest';
import { isLoopbackHost, isOwnHost, isOwnOrigin } from './loopback.ts';

test.each([
  ['127.0.0.1:7400', true],
  ['localhost', true],
  ['LOCALHOST:80', true],
  ['[::1]:7400', true],
  ['mail.example.org:7400', true],
  ['evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example:7400', false],
  ['', false],
  [undefined, false],
])('Host %s is our own: %s', (host, own) => {
  expect(isOwnHost(host, ['mail.example.org'])).toBe(own);
});

test.each([
  [undefined, true],
  ['http://127.0.0.1:7400', true],
  ['http://127.0.0.1:9999', false],
  ['https://evil.example', false],
  ['null', false],
])('Origin %s may talk to 127.0.0.1:7400: %s', (origin, own) => {
  expect(isOwnOrigin(origin, '127.0.0.1:7400')).toBe(own);
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['192.0.2.1', false],
  ['127.0.0.1.example', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopbackHost(host)).toBe(loopback);
});
