import { expect, test } from 'vitest';
import { paths } from './paths.ts';

test('every address of the console', () => {
  expect([
    paths.overview({ range: '6h' }),
    paths.messages(),
    paths.messages({ q: 'from:a+b@example.org fate:bounced', range: '24h', fate: undefined }),
    paths.story('mx1/postfix 4Xy?#'),
    paths.live({ text: '', node: 'mx1', show: 'faults,logins' }),
  ]).toEqual([
    '/?range=6h',
    '/messages',
    '/messages?q=from%3Aa%2Bb%40example.org+fate%3Abounced&range=24h',
    '/messages/mx1%2Fpostfix%204Xy%3F%23',
    '/live?node=mx1&show=faults%2Clogins',
  ]);
});
