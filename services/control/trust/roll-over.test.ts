// One authority follows another while nodes still show certificates of the first.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { joinTokenSchema } from '../../protocol/trust.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { makeAuthority, makeKey, makeRequest } from '../../runtime/x509.ts';
import { createTrust } from './trust.ts';
import { createTrustEvents } from './trust-events.ts';

const dayMs = 86_400_000;

test('nodes that learnt of the next authority and control that has moved to it trust each other', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mailward-roll-over-'));
  const file = (name: string) => join(dataDir, 'trust', name);
  const events = () =>
    createTrustEvents({ log: createLog({ process: 'test', level: 'silent' }), registry: new Registry() });
  const open = () =>
    createTrust({ dataDir, names: ['localhost'], certificateMs: dayMs }, { clock: systemClock, events: events() });
  const stops: (() => void)[] = [];
  try {
    stops.push((await open()).stop);
    const oldPem = readFileSync(file('authority.crt'), 'utf8');
    const nextKey = makeKey();
    const now = systemClock.now();
    const nextPem = await makeAuthority({ keyPem: nextKey, name: 'Next', from: now - dayMs, until: now + dayMs });
    writeFileSync(file('authority.crt'), `${oldPem.trimEnd()}\n${nextPem}`);
    const between = await open();
    stops.push(between.stop);
    const { secret } = joinTokenSchema.parse((await between.makeToken({ lifeMs: dayMs })).token);
    const key = makeKey();
    const issued = await between.join({ secret, node: 'mx1', request: await makeRequest(key, 'mx1') }, '127.0.0.1');

    writeFileSync(file('authority.crt'), `${nextPem.trimEnd()}\n${oldPem}`);
    writeFileSync(file('authority.key'), nextKey);
    const after = await open();
    stops.push(after.stop);
    const server = createServer(after.tlsOptions());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => server.close());
    const accepted = once(server, 'secureConnection');
    const { port } = server.address() as AddressInfo;
    const own = { key, cert: issued.certificate, ca: issued.authorities };
    const client = connect({ ...own, port, host: '127.0.0.1', servername: 'localhost' });
    const [socket] = (await accepted) as [TLSSocket];
    expect([client.authorized, after.peerOf(socket).node]).toEqual([true, 'mx1']);
    client.destroy();
    socket.destroy();
  } finally {
    for (const stop of stops) stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
