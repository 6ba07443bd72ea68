// One request to control at a time and connection, over connections that are kept. node:http rather than fetch: the
// connections are this agent's own (certificates, bounds), and its parser costs no WebAssembly.
import { type Agent, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';

/** An answer that is longer is not control's. */
export const answerBytesMax = 4 * 1024 * 1024;

/** A connection that nobody used is given up before control does so. */
const idleMs = 30_000;

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** `undefined` where it is no JSON. */
  readonly json: unknown;
};
export type Question = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
};

export const createConnections = (connectionsMax: number): Agent =>
  new HttpAgent({ keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax, timeout: idleMs });

/**
 * Rejects when there is no whole answer: no connection, `signal`, an answer without end. Either way nothing of `body` is in
 * use any more by then, so that its memory may be given back.
 */
export function askOverHttp(url: URL, question: Question, agent: Agent): Promise<Answer> {
  const { method = 'GET', headers = {}, body, signal } = question;
  const ask = url.protocol === 'https:' ? requestTls : request;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': body.length };
    let reading: Promise<Answer> | undefined;
    const asking = ask(url, { method, agent, signal, headers: { ...headers, ...length } }, (answer) => {
      reading = readJson(answer).then((json) => ({ status: answer.statusCode ?? 0, headers: answer.headers, json }));
      reading.then(
        // Answered before all of it was sent: what the system still holds of it goes with the connection.
        () => asking.writableFinished || asking.destroy(),
        (error: Error) => asking.destroy(error),
      );
    });
    let fault: unknown = new Error('control ended the connection without an answer');
    asking.on('error', (error) => {
      fault = error;
    });
    // An answer that is wholly there when the request ends may not have been read yet.
    asking.on('close', () => (reading === undefined ? reject(fault) : reading.then(resolve, reject)));
    asking.end(body);
  });
}

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new RangeError(`an answer of more than ${answerBytesMax} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
