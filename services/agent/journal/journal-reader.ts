import { spawn } from 'node:child_process';
import { type JournalConfig, journalMatches } from './journal-config.ts';
import { type JournalLine, journalFields, readJournalEntry } from './journal-entry.ts';

/** A longer entry (its JSON) is left out, and said. */
export const entryBytesMax = 4 * 1024 * 1024;
const errorCharsMax = 500;

export type JournalReader = {
  /** Entries after the cursor, then new ones as they come, until `end`. Throws when journalctl ends by itself. */
  readonly entries: () => AsyncGenerator<JournalLine>;
  readonly end: () => void;
};

const place = (config: JournalConfig): string[] =>
  config.directory === undefined ? ['--system'] : ['--directory', config.directory];

/**
 * Where reading begins: behind the entry of this cursor, or, when that entry is gone (`isGone`), at the first one that is
 * left: there `--after-cursor` would skip one that nobody has read.
 */
export type JournalStart = { readonly cursor: string; readonly isGone: boolean };

/** Reads the journal through journalctl(1), which knows every format and compression of its files. */
export function readJournal(
  config: JournalConfig,
  start: JournalStart | undefined,
  onUnreadable: (why: string) => void,
): JournalReader {
  const args = [
    ...['--output=json', `--output-fields=${journalFields.join(',')}`, '--all', '--no-pager', '--quiet'],
    ...['--follow', '--no-tail', ...place(config)],
    ...(start === undefined ? [] : [`--${start.isGone ? 'cursor' : 'after-cursor'}=${start.cursor}`]),
    ...journalMatches(config),
  ];
  const child = spawn('journalctl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-errorCharsMax);
  });
  const closed = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status) => resolve(`journalctl ended with status ${status}: ${words.trim()}`));
  });
  let isEnded = false;

  async function* entries(): AsyncGenerator<JournalLine> {
    try {
      for await (const json of splitLines(child.stdout, onUnreadable)) {
        const line = readJournalEntry(json);
        if (line === undefined) onUnreadable('an entry that is not understood');
        else yield line;
      }
    } catch (error) {
      if (!isEnded) throw error;
    }
    const why = await closed;
    if (!isEnded) throw new Error(why);
  }
  return {
    entries,
    end: () => {
      isEnded = true;
      child.kill('SIGKILL');
    },
  };
}

/** Whether the entry of this cursor is still in the journal. Rejects when journalctl cannot tell. */
export async function holdsCursor(config: JournalConfig, cursor: string): Promise<boolean> {
  const args = ['--output=json', '--output-fields=PRIORITY', '--lines=1', '--no-pager', '--quiet'];
  const child = spawn('journalctl', [...args, ...place(config), `--cursor=${cursor}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => {});
  const read = async () => {
    for await (const json of splitLines(child.stdout, () => {})) return readJournalEntry(json)?.cursor === cursor;
    return false;
  };
  return await Promise.race([read(), failed]);
}

async function* splitLines(stream: AsyncIterable<Buffer>, onUnreadable: (why: string) => void): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let partBytes = 0;
  for await (const chunk of stream) {
    let at = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
      if (partBytes + end - at > entryBytesMax) onUnreadable(`an entry of more than ${entryBytesMax} bytes`);
      else yield Buffer.concat([...parts, chunk.subarray(at, end)]).toString('utf8');
      [parts, partBytes, at] = [[], 0, end + 1];
    }
    // Of an overlong entry only the length is kept.
    partBytes += chunk.length - at;
    if (partBytes > entryBytesMax) parts = [];
    else if (at < chunk.length) parts.push(chunk.subarray(at));
  }
}
