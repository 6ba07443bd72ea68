import { expect, test } from 'vitest';
import { keepScope, paths } from './paths.ts';

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

test('an address keeps the scope, and its own before it', () => {
  expect([
    keepScope('/messages?q=a#top', undefined),
    keepScope('/', 'example.org'),
    keepScope('/messages?q=a%20b#top', '.münchen.example'),
    keepScope('/reports?domain=other.example', 'example.org'),
    keepScope('/#completeness', 'example.org'),
  ]).toEqual([
    '/messages?q=a#top',
    '/?domain=example.org',
    '/messages?q=a+b&domain=.m%C3%BCnchen.example#top',
    '/reports?domain=other.example',
    '/?domain=example.org#completeness',
  ]);
});
