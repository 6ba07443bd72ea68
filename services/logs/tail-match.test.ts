import { expect, test } from 'vitest';
import { createLineParser } from './parse.ts';
import { createTailMatch } from './tail-match.ts';

const parser = createLineParser({ now: Date.UTC(2026, 10, 22, 12), timeZone: 'UTC' });
const lines = [
  'Nov 22 10:00:01 mx1 postfix/qmgr[1]: A000000001: from=<ann@Shop.example>, size=1200, nrcpt=1 (queue active)',
  'Nov 22 10:00:02 mx1 postfix/smtp[1]: A000000001: to=<bob@eu.one.example>, orig_to=<bob@two.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (later)',
  'Nov 22 10:00:03 mx1 dovecot: imap-login: Login: user=<eve@shop.example>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=1, session=<a>',
  'Nov 22 10:00:04 mx1 postfix/qmgr[1]: A000000001: removed',
];

test.each([
  [{}, [0, 1, 2, 3]],
  [{ node: 'mx2' }, []],
  [{ kinds: ['delivery' as const] }, [1]],
  [{ kinds: [] }, []],
  [{ text: 'SHOP' }, [0, 2]],
  [{ domain: 'shop.example' }, [0, 2]],
  [{ domain: 'two.example' }, [1]],
  [{ domain: 'one.example' }, []],
  [{ domain: '.one.example' }, [1]],
  [{ domain: 'shop.example', text: 'imap', node: 'mx1' }, [2]],
])('%j lets through %j', (filter, expected) => {
  const matches = createTailMatch(filter);
  const through = lines.flatMap((line, at) =>
    matches(parser.parse(line), 'mx1', () => line.toLowerCase()) ? [at] : [],
  );
  expect(through).toEqual(expected);
});
