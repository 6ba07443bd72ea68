import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { isOwnHost } from '../runtime/loopback.ts';
import { listenOrExplain } from '../runtime/port-holder.ts';

const requestTimeoutMs = 10_000;

/** The agent's own endpoint for a metrics server: `/metrics` and `/healthz`, on loopback. */
export async function startMetricsServer(
  options: { readonly host: string; readonly port: number },
  deps: { readonly registry: Registry; readonly observe: () => void; readonly onFault: (error: unknown) => void },
): Promise<{ readonly url: string; readonly port: number; readonly stop: () => Promise<void> }> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, async (request, response) => {
    const answer = (status: number, type: string, text: string) =>
      response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(text);
    if (!isOwnHost(request.headers.host, [])) return answer(403, 'text/plain', 'Not known under that name.\n');
    if (request.method !== 'GET') return answer(405, 'text/plain', 'Only GET is answered.\n');
    if (request.url === '/healthz') return answer(200, 'application/json', '{"status":"ok"}');
    if (request.url !== '/metrics') return answer(404, 'text/plain', 'There is /metrics and /healthz.\n');
    try {
      deps.observe();
      return answer(200, deps.registry.contentType, await deps.registry.metrics());
    } catch (error) {
      // A figure that cannot be had must not end the process that carries the log.
      deps.onFault(error);
      return answer(500, 'text/plain', 'The metrics could not be collected; the log of the agent says why.\n');
    }
  });
  const { host, port } = options;
  await listenOrExplain(
    async () => {
      server.listen(port, host);
      await once(server, 'listening');
    },
    { host, port, option: '--metrics-port' },
  );
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
