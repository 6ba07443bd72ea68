import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { clusterLimits, createUnparsedClusters } from './unparsed-clusters.ts';

const context = { now: Date.UTC(2026, 10, 22, 6), timeZone: 'UTC' };
function cluster(texts: readonly string[], clustersMax = 20) {
  const clusters = createUnparsedClusters(context);
  for (const [at, text] of texts.entries()) clusters.add(`Nov 22 05:24:26 mx1 ${text}`, 1000 + at);
  return clusters.result(clustersMax);
}

test('lines that differ in what they are about are one cluster, the largest first', () => {
  const { clusters, lines, otherLines } = cluster([
    'frobd[7]: frobnicated message 4XyZ1a0Bcd for alice@example.org in 12 ms via 192.0.2.1:25',
    'frobd[8]: no route to grommet, giving up',
    'frobd[7]: frobnicated message 4XyZ1a0Bce for bob@example.org in 3 ms via 2001:db8::1',
    'frobd[9]: frobnicated message 4XyZ1a0Bcf for <carol@example.com> in 1250 ms via 198.51.100.77:2525',
  ]);
  expect([lines, otherLines]).toEqual([4, 0]);
  expect(clusters.map(({ program, count, template }) => [program, count, template])).toEqual([
    ['frobd', 3, 'frobnicated message <id> for <*> in <num> ms via <ip>'],
    ['frobd', 1, 'no route to <*>, giving up'],
  ]);
  expect(clusters[0]).toMatchObject({ firstSeenAt: 1000, lastSeenAt: 1003 });
});

test('the proposed pattern reads every line of its cluster, and not another', () => {
  const texts = Array.from({ length: 200 }, (_, no) => {
    const [user, host] = [`user${no}@d${no % 7}.example`, `192.0.2.${no}`];
    return `frobd[${no}]: session ${(no * 7919).toString(16)}: user=<${user}>, rip=${host}, took ${no / 10} s (done)`;
  });
  const { clusters } = cluster(texts);
  expect(clusters).toHaveLength(1);
  const pattern = new RegExp(clusters[0]?.pattern ?? '(?!)');
  for (const text of texts) expect(text.slice(text.indexOf(': ') + 2)).toMatch(pattern);
  expect('session 12: something else entirely').not.toMatch(pattern);
});

test.each([
  ['frobd[1]: login of alice failed: wrong password', 'alice'],
  ['frobd[1]: mailbox bob.builder is over quota', 'bob.builder'],
  ['frobd[1]: user=carol, ip=192.0.2.7, id=deadbeef', 'carol'],
  ['frobd[1]: account "dave smith" is locked', 'dave'],
  ['frobd[1]: account "dave smith" is locked', 'smith'],
  ['frobd[1]: from=<erin@example.org> subject=hello', 'erin'],
  ['frobd[1]: opened /var/vmail/example.org/frank/Maildir', 'frank'],
  ['grace@example.org[1]: hello', 'grace'],
  ['frobd[1]: token 0123456789abcdef0123456789abcdef is used', '0123456789abcdef'],
])('%s names nobody in its template', (text, name) => {
  const { clusters } = cluster([text]);
  expect(`${clusters[0]?.program} ${clusters[0]?.template} ${clusters[0]?.pattern}`).not.toContain(name);
});

test('stays within its bounds whatever comes, and loses no line from the count', () => {
  const count = clusterLimits.clustersMax + 500;
  const word = (no: number) => no.toString().replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');
  const { clusters, lines, otherLines, ungroupedLines } = cluster(
    Array.from({ length: count }, (_, no) => `frobd[1]: ${word(no)} ${word(no * 7)} happened`),
    10,
  );
  expect([lines, clusters.length, otherLines, ungroupedLines]).toEqual([count, 10, count - 10, 500]);
});

test('an endless line is read by its beginning', () => {
  const { clusters } = cluster([
    `frobd[1]: begin ${'word '.repeat(50_000)}`,
    `frobd[1]: begin ${'word '.repeat(60_000)}`,
  ]);
  expect(clusters).toMatchObject([{ count: 2 }]);
  expect(clusters[0]?.template.length).toBeLessThan(clusterLimits.wordsMax * 8);
  expect(clusters[0]?.example).toHaveLength(clusterLimits.exampleCharsMax);
  expect(new RegExp(clusters[0]?.pattern ?? '(?!)').test(`begin ${'word '.repeat(50_000)}`)).toBe(true);
  expect(new RegExp(clusters[0]?.pattern ?? '(?!)').test(`end ${'word '.repeat(50_000)}`)).toBe(false);
});

test('a line that is nothing has a cluster too', () => {
  expect(cluster(['', '   ', '\u0000']).clusters.length).toBeGreaterThan(0);
});

test('lines that are like no other of their first word share one group beyond a bound', () => {
  const count = 10 * clusterLimits.likelyMax;
  const word = (no: number) => no.toString().replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');
  const texts = Array.from(
    { length: count },
    (_, no) => `frobd[1]: begin ${word(no)} ${word(no * 7)} ${word(no * 11)} happened`,
  );
  const { clusters, otherLines, ungroupedLines } = cluster(texts, count);
  expect([clusters.length, otherLines, ungroupedLines]).toEqual([clusterLimits.likelyMax, 0, 0]);
  expect(clusters[0]).toMatchObject({
    ...{ template: 'begin <*> <*> <*> <*>', count: count - clusterLimits.likelyMax + 1 },
  });
  for (const text of texts)
    expect(text.slice(text.indexOf(': ') + 2)).toMatch(new RegExp(clusters[0]?.pattern ?? '(?!)'));
});

test('what is kept of a line keeps nothing of what the line was cut from', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heapBytes = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const clusters = createUnparsedClusters(context);
  const [blocks, blockBytes] = [100, 512 * 1024];
  const before = heapBytes();
  for (let no = 0; no < blocks; no++) {
    const block = Buffer.alloc(blockBytes, 'x').fill(
      `Nov 22 05:24:26 mx1 ${'p'.repeat(no + 1)}: w${'o'.repeat(no)}t now `,
      0,
      300,
    );
    clusters.add(block.toString('utf8'), no);
  }
  expect(heapBytes() - before).toBeLessThan((blocks * blockBytes) / 10);
  expect(clusters.result(blocks).lines).toBe(blocks);
});
