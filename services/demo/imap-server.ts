import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';
import { partyByHelo } from './cast.ts';
import { fetchAnswer, type ImapCommand, type ImapToken, isInSet, parseCommand } from './imap-syntax.ts';
import type { ImapLogin, Mailbox, MailStore } from './mail-store.ts';
import type { Listening } from './smtp-listener.ts';

export const imapLimits = { clientsMax: 32, lineBytesMax: 8192, idleMs: 10 * 60_000, failedLoginMs: 2000 } as const;
const capabilities = 'IMAP4rev1 ID IDLE LITERAL-';

type Deps = { readonly store: MailStore; readonly clock: Pick<Clock, 'after'> };

/** A small real IMAP server on a free loopback port over the mailboxes of mx3. */
export async function listenImap(deps: Deps): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveClient(socket, deps);
  });
  server.maxConnections = imapLimits.clientsMax;
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: address.port, stop };
}

function serveClient(socket: Socket, { store, clock }: Deps): void {
  let login: ImapLogin | undefined;
  let clientName = '';
  let selected: { name: string; box: Mailbox; isReadOnly: boolean } | undefined;
  let idleTag: string | undefined;
  let pending = '';
  let before = { in: 0, out: 0 };

  const send = (line: string) => socket.write(`${line}\r\n`);
  const announce = () => {
    if (selected !== undefined && idleTag !== undefined) send(`* ${selected.box.mails.length} EXISTS`);
  };
  const unselect = () => {
    selected?.box.watchers.delete(announce);
    selected = undefined;
  };
  const end = () => {
    unselect();
    login?.logout({ in: socket.bytesRead - before.in, out: socket.bytesWritten - before.out });
    login = undefined;
  };

  function signIn(tag: string, user: string, password: string): void {
    const client = partyByHelo(clientName);
    login = store.login(user, password, client);
    if (login !== undefined) {
      before = { in: socket.bytesRead, out: socket.bytesWritten };
      send(`${tag} OK [CAPABILITY ${capabilities}] Logged in`);
    } else send(`${tag} NO [AUTHENTICATIONFAILED] Authentication failed.`);
  }

  function select(tag: string, name: string, isReadOnly: boolean, session: ImapLogin): void {
    unselect();
    const box = session.mailbox(name);
    if (box === undefined) return void send(`${tag} NO [NONEXISTENT] Mailbox doesn't exist: ${name}`);
    selected = { name, box, isReadOnly };
    box.watchers.add(announce);
    send('* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)');
    send(`* ${box.mails.length} EXISTS`);
    send('* 0 RECENT');
    send(`* OK [UIDVALIDITY ${box.uidValidity}] UIDs valid`);
    send(`* OK [UIDNEXT ${box.uidNext}] Predicted next UID`);
    send(`${tag} OK [${isReadOnly ? 'READ-ONLY' : 'READ-WRITE'}] Select completed.`);
  }

  function eachMessage(command: ImapCommand, visit: (mail: Mailbox['mails'][number], sequence: number) => void): void {
    const mails = [...(selected?.box.mails ?? [])];
    const byUid = command.name.startsWith('UID ');
    const last = byUid ? (mails.at(-1)?.uid ?? 0) : mails.length;
    const set = String(command.args[0]);
    for (const [at, mail] of mails.entries()) if (isInSet(set, byUid ? mail.uid : at + 1, last)) visit(mail, at + 1);
  }

  function fetch(command: ImapCommand, session: ImapLogin): void {
    const wanted = itemsOf(command.args[1]);
    const items = command.name === 'FETCH' || wanted.includes('UID') ? wanted : ['UID', ...wanted];
    eachMessage(command, (mail, sequence) => {
      const answer = fetchAnswer(mail, items);
      if (answer.bodyBytes > 0) session.countBody(answer.bodyBytes);
      if (answer.headerBytes > 0) session.countHeader(answer.headerBytes);
      send(`* ${sequence} FETCH (${answer.text})`);
      if (answer.setsSeen && selected?.isReadOnly === false) session.addFlags(selected.name, mail, ['\\Seen']);
    });
    send(`${command.tag} OK Fetch completed.`);
  }

  function storeFlags(command: ImapCommand, session: ImapLogin): void {
    const action = String(command.args[1]).toUpperCase();
    const flags = itemsOf(command.args[2]);
    eachMessage(command, (mail, sequence) => {
      if (action.startsWith('-')) session.removeFlags(mail, flags);
      else session.addFlags(selected?.name ?? '', mail, flags);
      if (!action.endsWith('.SILENT'))
        send(`* ${sequence} FETCH (UID ${mail.uid} FLAGS (${[...mail.flags].join(' ')}))`);
    });
    send(`${command.tag} OK Store completed.`);
  }

  function runLoggedIn(command: ImapCommand, session: ImapLogin): void {
    const { tag, name, args } = command;
    switch (name) {
      case 'LIST':
        // An empty pattern asks for the hierarchy delimiter (RFC 3501 section 6.3.8); any other gets all there is.
        if (args[1] === '') send('* LIST (\\Noselect) "/" ""');
        else for (const box of session.mailboxNames()) send(`* LIST (\\HasNoChildren) "/" "${box}"`);
        return void send(`${tag} OK List completed.`);
      case 'SELECT':
      case 'EXAMINE':
        return void select(tag, String(args[0]), name === 'EXAMINE', session);
    }
    if (selected === undefined) return void send(`${tag} BAD No mailbox selected.`);
    switch (name) {
      case 'FETCH':
      case 'UID FETCH':
        return void fetch(command, session);
      case 'STORE':
      case 'UID STORE':
        return void storeFlags(command, session);
      case 'EXPUNGE':
        for (const sequence of session.expunge(selected.name)) send(`* ${sequence} EXPUNGE`);
        return void send(`${tag} OK Expunge completed.`);
      case 'IDLE':
        idleTag = tag;
        return void send('+ idling');
      case 'CLOSE':
        if (!selected.isReadOnly) session.expunge(selected.name);
        unselect();
        return void send(`${tag} OK Close completed.`);
      default:
        return void send(`${tag} BAD Unknown command ${name}.`);
    }
  }

  function run(line: string): void {
    if (idleTag !== undefined) {
      if (line.toUpperCase() !== 'DONE') return;
      send(`${idleTag} OK Idle completed.`);
      idleTag = undefined;
      return;
    }
    const command = parseCommand(line);
    if (command === undefined) return void send('* BAD Not a command.');
    const { tag, name, args } = command;
    switch (name) {
      case 'CAPABILITY':
        send(`* CAPABILITY ${capabilities}`);
        return void send(`${tag} OK Capability completed.`);
      case 'NOOP':
        return void send(`${tag} OK NOOP completed.`);
      case 'ID': {
        const fields = itemsOf(args[0]);
        clientName = fields[fields.indexOf('name') + 1] ?? '';
        send('* ID ("name" "Dovecot")');
        return void send(`${tag} OK ID completed.`);
      }
      case 'LOGOUT':
        send('* BYE Logging out');
        send(`${tag} OK Logout completed.`);
        end();
        return void socket.end();
      case 'LOGIN': {
        const [user, password] = [String(args[0]), String(args[1])];
        // Dovecot makes a guesser wait, and so does its stand-in; a right password is answered at once.
        if (store.isPassword(user, password)) return void signIn(tag, user, password);
        clock.after(imapLimits.failedLoginMs, () => signIn(tag, user, password));
        return;
      }
    }
    if (login === undefined) return void send(`${tag} BAD Please log in first.`);
    runLoggedIn(command, login);
  }

  socket.setTimeout(imapLimits.idleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', end);
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1');
    for (let at = pending.indexOf('\r\n'); at >= 0; at = pending.indexOf('\r\n')) {
      const line = pending.slice(0, at);
      pending = pending.slice(at + 2);
      run(line);
    }
    if (pending.length > imapLimits.lineBytesMax) socket.destroy();
  });
  send(`* OK [CAPABILITY ${capabilities}] Dovecot ready.`);
}

function itemsOf(token: ImapToken | undefined): string[] {
  if (token === undefined) return [];
  return typeof token === 'string' ? [token] : token.filter((item) => typeof item === 'string');
}
