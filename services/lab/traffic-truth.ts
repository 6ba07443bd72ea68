import { closeSync, type Dirent, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readSinkLog } from './canary.ts';
import { type LabPaths, volumeFolder } from './lab-paths.ts';
import { storeVolume } from './roles/mailboxes.ts';
import { hostsOf, type LabPlan } from './topology.ts';

// Where messages really are, read from the disks of the lab: what Mailward tells is compared with this.

/** A header of the lab's mails ends well before it. */
const headerBytesMax = 8192;

/** Message id → the mailboxes it lies in (on any of their holders) and the remote recipients that the sinks took it for. */
export type Whereabouts = ReadonlyMap<string, ReadonlySet<string>>;

/** Looks through every mailbox and the sinks' log for the messages of a run, whose ids hold `run`. */
export function findMessages(paths: LabPaths, plan: LabPlan, run: string): Whereabouts {
  const found = new Map<string, Set<string>>();
  const add = (messageId: string, place: string): void => {
    const places = found.get(messageId) ?? new Set();
    found.set(messageId, places.add(place));
  };
  for (const host of hostsOf(plan, 'mail')) {
    const store = volumeFolder(paths, host.name, storeVolume.name);
    for (const { path, mailbox } of listMails(store)) {
      const messageId = readMessageId(path);
      if (messageId?.includes(run)) add(messageId, mailbox);
    }
  }
  for (const { messageId, to } of readSinkLog(paths, plan))
    if (messageId.includes(run)) for (const recipient of to) add(messageId, recipient);
  return found;
}

/** Files in the `new` and `cur` of every Maildir below DOMAIN/USER/Maildir, its folders included. */
function listMails(store: string): readonly { readonly path: string; readonly mailbox: string }[] {
  return foldersIn(store).flatMap((domain) =>
    foldersIn(join(store, domain)).flatMap((user) => {
      const maildir = join(store, domain, user, 'Maildir');
      const folders = ['.', ...foldersIn(maildir).filter((name) => name.startsWith('.'))];
      return folders
        .flatMap((folder) => ['new', 'cur'].map((part) => join(maildir, folder, part)))
        .flatMap((part) =>
          entriesOf(part).map(({ name }) => ({ path: join(part, name), mailbox: `${user}@${domain}` })),
        );
    }),
  );
}

const foldersIn = (folder: string): readonly string[] =>
  entriesOf(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Empty where there is no such folder: Dovecot makes them when they are needed. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** `undefined` also for a file that Dovecot renames at this moment (a flag is part of its name); the next look finds it. */
function readMessageId(path: string): string | undefined {
  const buffer = Buffer.alloc(headerBytesMax);
  try {
    const file = openSync(path, 'r');
    const length = readSync(file, buffer);
    closeSync(file);
    return /^message-id:\s*(<[^>\s]+>)/im.exec(buffer.toString('latin1', 0, length))?.[1];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
