import { expect, test } from 'vitest';
import { type FollowedSource, type FollowInput, follow, followLimits, type OpenFile, type SeenFile } from './follow.ts';
import { unknownSizeBytes } from './packed.ts';

const now = 1_000_000;
const quietMs = 60_000;
const input = (parts: Partial<FollowInput>): FollowInput => ({
  now,
  files: [],
  sources: [],
  awaySince: now - 1000,
  quietMs,
  ...parts,
});
const file = (parts: Partial<SeenFile> = {}): SeenFile => ({
  path: '/log/mail.log',
  fileKey: '1:1',
  sizeBytes: 100,
  modifiedAt: now,
  sourceId: 'A',
  isPacked: false,
  isWanted: true,
  ...parts,
});
const open = (parts: Partial<OpenFile> = {}): OpenFile => ({
  fileKey: '1:1',
  sizeBytes: 100,
  sourceId: 'A',
  isPacked: false,
  hasName: true,
  ...parts,
});
const source = (parts: Partial<FollowedSource> = {}): FollowedSource => ({
  sourceId: 'A',
  path: '/log/mail.log',
  offset: 50,
  readToBytes: 50,
  open: open(),
  changedAt: now,
  ...parts,
});
const neighbour = (parts: Partial<SeenFile> = {}) => file({ path: '/log/mail.log.1', isWanted: false, ...parts });

const packed = (parts: Partial<SeenFile> = {}) =>
  neighbour({ path: '/log/mail.log.2.gz', fileKey: '1:3', isPacked: true, sizeBytes: unknownSizeBytes, ...parts });

const opened = (path: string, sourceId = 'A') => ({ step: 'open', sourceId, path });
const closed = (why: string) => ({ step: 'close', sourceId: 'A', why });

test.each<[string, Partial<FollowInput>, object[]]>([
  ['a new file is opened', { files: [file()] }, [opened('/log/mail.log')]],
  ['a file without a whole first line waits', { files: [file({ sourceId: undefined })] }, []],
  ['a followed file goes on', { files: [file()], sources: [source()] }, []],
  [
    'a file that we know and that did not grow stays closed',
    { files: [file({ sizeBytes: 50 })], sources: [source({ open: undefined })] },
    [],
  ],
  [
    'a file that we know and that grew is opened again',
    { files: [file({ sizeBytes: 51 })], sources: [source({ open: undefined })] },
    [opened('/log/mail.log')],
  ],
  [
    'an unfinished last line alone is no reason to open',
    { files: [file({ sizeBytes: 60 })], sources: [source({ open: undefined, readToBytes: 60 })] },
    [],
  ],
  [
    'renamed: the open file goes on under its new name, the new one begins',
    { files: [file({ sourceId: 'B', fileKey: '1:2' }), neighbour()], sources: [source()] },
    [{ step: 'moved', sourceId: 'A', path: '/log/mail.log.1' }, opened('/log/mail.log', 'B')],
  ],
  [
    'renamed while we were away: the rest is read from the neighbour',
    { files: [file({ sourceId: 'B' }), neighbour({ modifiedAt: now - 5 })], sources: [source({ open: undefined })] },
    [opened('/log/mail.log.1'), opened('/log/mail.log', 'B')],
  ],
  [
    'truncated after a copy: the rest is read from the copy',
    {
      files: [file({ sizeBytes: 0, sourceId: undefined }), neighbour({ fileKey: '1:2' })],
      sources: [source({ open: open({ sizeBytes: 0, sourceId: undefined }) })],
    },
    [closed('truncated'), opened('/log/mail.log.1')],
  ],
  [
    'truncated and grown past us: the first line tells',
    {
      files: [file({ sourceId: 'B', sizeBytes: 999 })],
      sources: [source({ open: open({ sourceId: 'B', sizeBytes: 999 }) })],
    },
    [closed('truncated'), opened('/log/mail.log', 'B')],
  ],
  [
    'truncated when all was read: the copy is not read again',
    {
      files: [neighbour({ fileKey: '1:2', sizeBytes: 50 })],
      sources: [source({ open: open({ sizeBytes: 0, sourceId: undefined }) })],
    },
    [closed('truncated')],
  ],
  [
    'a copy that is still being written does not draw us away',
    { files: [file(), neighbour({ fileKey: '1:2', sizeBytes: 10 })], sources: [source()] },
    [],
  ],
  [
    'deleted: read on while there is something',
    { sources: [source({ open: open({ hasName: false }), changedAt: 0 })] },
    [],
  ],
  [
    'deleted and read to its end: closed after a while',
    { sources: [source({ open: open({ hasName: false, sizeBytes: 50 }), changedAt: now - quietMs })] },
    [closed('deleted')],
  ],
  [
    'deleted with an unfinished last line: closed after a while',
    { sources: [source({ open: open({ hasName: false, sizeBytes: 60 }), readToBytes: 60, changedAt: now - quietMs })] },
    [closed('deleted')],
  ],
  [
    'quiet: closed',
    {
      files: [file({ sizeBytes: 50 })],
      sources: [source({ open: open({ sizeBytes: 50 }), changedAt: now - quietMs })],
    },
    [closed('quiet')],
  ],
  [
    'not quiet for long enough: kept open',
    {
      files: [file({ sizeBytes: 50 })],
      sources: [source({ open: open({ sizeBytes: 50 }), changedAt: now - quietMs + 1 })],
    },
    [],
  ],
  ['an unknown neighbour from before our time is left alone', { files: [neighbour({ modifiedAt: now - 1001 })] }, []],
  [
    'an unknown neighbour written while we were away is read',
    { files: [neighbour({ modifiedAt: now - 1000 })] },
    [opened('/log/mail.log.1')],
  ],
  [
    'compressed while we were away: what it holds beyond us is unknown, so it is opened',
    { files: [packed()], sources: [source({ open: undefined })] },
    [opened('/log/mail.log.2.gz')],
  ],
  [
    'compressed, and known to hold no more than control has',
    { files: [packed({ sizeBytes: 50 })], sources: [source({ open: undefined })] },
    [],
  ],
  [
    'being compressed: the plain file is read as long as it is there',
    { files: [packed(), neighbour()], sources: [source({ open: undefined })] },
    [opened('/log/mail.log.1')],
  ],
  ['compressed before our time', { files: [packed({ modifiedAt: now - 1001 })] }, []],
  [
    'compressed and read to its end: closed at once',
    {
      files: [packed({ sizeBytes: 50 })],
      sources: [source({ open: open({ fileKey: '1:3', isPacked: true, sizeBytes: 50 }) })],
    },
    [closed('quiet')],
  ],
  [
    'two names of one content: the longer one is read',
    { files: [neighbour({ sizeBytes: 10 }), file({ sizeBytes: 20 })] },
    [opened('/log/mail.log')],
  ],
])('%s', (_what, parts, steps) => {
  expect(follow(input(parts))).toEqual(steps);
});

test('few packed files are open at once', () => {
  const files = Array.from({ length: 10 }, (_, at) => packed({ path: `/log/${at}.gz`, sourceId: `S${at}` }));
  const sources = [source({ open: open({ isPacked: true, sizeBytes: unknownSizeBytes }) })];
  expect(follow(input({ files, sources })).length).toBe(followLimits.packedOpenMax - 1);
});

test('no more files are open than the limit allows, and the oldest come first', () => {
  const files = Array.from({ length: followLimits.openMax + 5 }, (_, at) =>
    file({ path: `/log/${at}`, sourceId: `S${at}`, modifiedAt: now - at }),
  );
  const steps = follow(input({ files, sources: [source()] }));
  expect(steps.length).toBe(followLimits.openMax - 1);
  expect(steps[0]).toEqual(opened(`/log/${followLimits.openMax + 4}`, `S${followLimits.openMax + 4}`));
});
