// A control with TLS and nodes that join it, as real processes, and questions to it with any certificate or none.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ConnectionOptions } from 'node:tls';
import type { CompletenessWire } from '../../services/protocol/wire.ts';
import { type RealProcess, startProcess } from './real-process.ts';

const services = join(import.meta.dirname, '..', '..', 'services');
const agentMain = join(services, 'agent', 'main.ts');
const command = join(services, 'cli', 'mailward.js');

export type Answer = { readonly status: number; readonly text: string; readonly json: Record<string, unknown> };
export type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };
type Identity = { readonly key: string; readonly certificate: string; readonly authorities: string[] };

/** One question over TLS; who answers is not checked unless `tls` says so. */
export async function askTls(
  url: string,
  question: {
    readonly tls?: ConnectionOptions;
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
  } = {},
): Promise<Answer> {
  const { tls = { rejectUnauthorized: false }, method = 'GET', headers = {}, body } = question;
  const isRaw = body instanceof Buffer;
  const payload = body === undefined ? undefined : isRaw ? body : JSON.stringify(body);
  const type = body === undefined || isRaw ? {} : { 'content-type': 'application/json' };
  const asking = request(url, { ...tls, method, agent: false, headers: { ...type, ...headers } });
  const answered = once(asking, 'response');
  asking.end(payload);
  const [answer] = await answered;
  const said = await text(answer);
  const isJson = String(answer.headers['content-type']).includes('json');
  return { status: answer.statusCode, text: said, json: isJson ? JSON.parse(said) : {} };
}

async function runNode(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // Who does not read it may be gone before it is written.
  child.stdin.on('error', () => {}).end(input);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, stdout, stderr };
}
/** `mailward …`, as a user types it, with `input` on its standard input. */
export const runCommand = (args: readonly string[], input?: string): Promise<Ended> =>
  runNode([command, ...args], input);

export function createTrustSite(folder: string) {
  const dataDirOf = (name: string): string => join(folder, name);
  mkdirSync(folder, { recursive: true });

  async function runJoin(control: string, token: string, node: string, dataDir = dataDirOf(node)): Promise<Ended> {
    const flags = ['join', '--control', control, '--token', token, '--node', node, '--data-dir', dataDir];
    return runNode([agentMain, ...flags]);
  }

  return {
    dataDirOf,
    /** `certificateDays`: how long certificates are good for. */
    startControl: (port = 0, certificateDays = 30, name = 'control'): Promise<RealProcess> => {
      const config = join(folder, `${name}.yaml`);
      writeFileSync(config, `certificateDays: ${certificateDays}\n`);
      return startProcess('control', [
        '--tls',
        '--port',
        String(port),
        '--data-dir',
        dataDirOf(name),
        '--config',
        config,
      ]);
    },
    startAgent: (node: string, files: string, more: readonly string[] = []): Promise<RealProcess> =>
      startProcess('agent', ['--data-dir', dataDirOf(node), '--file', files, '--metrics-port', '0', ...more]),
    runJoin,
    /** As the operator of control, with the secret of its data folder. */
    operate: (
      control: RealProcess,
      method: string,
      path: string,
      body?: unknown,
      name = 'control',
    ): Promise<Answer> => {
      const secret = readFileSync(join(dataDirOf(name), 'trust', 'operator.secret'), 'utf8').trim();
      return askTls(`${control.url}/api/v1/trust${path}`, {
        method,
        body,
        headers: { authorization: `Bearer ${secret}` },
      });
    },
    makeToken: async function (control: RealProcess, wish: { node?: string; lifeMs?: number } = {}): Promise<string> {
      return String((await this.operate(control, 'POST', '/tokens', wish)).json.token);
    },
    joinNode: async function (control: RealProcess, node: string): Promise<void> {
      const { status, stderr } = await runJoin(control.url, await this.makeToken(control, { node }), node);
      if (status !== 0) throw new Error(stderr);
    },
    /** What a node would show; for questions in its name. */
    identityOf: (node: string): ConnectionOptions => {
      const file = join(dataDirOf(node), 'trust', 'identity.json');
      const { key, certificate, authorities } = JSON.parse(readFileSync(file, 'utf8')) as Identity;
      return { key, cert: certificate, ca: authorities, rejectUnauthorized: false };
    },
    readCompleteness: async (control: RealProcess): Promise<CompletenessWire> =>
      (await askTls(`${control.url}/api/v1/completeness`)).json as unknown as CompletenessWire,
  };
}
export type TrustSite = ReturnType<typeof createTrustSite>;
