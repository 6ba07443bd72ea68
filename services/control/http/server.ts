import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { registerActionRoutes } from '../commands/routes-actions.ts';
import { registerFailoverOrderRoutes, registerFailoverRoutes } from '../failover/routes-failover.ts';
import { registerOperatorRoutes, registerTrustRoutes } from '../trust/routes-trust.ts';
import { registerConsole } from './console-files.ts';
import { createDoorkeeper, registerGuards } from './guards.ts';
import { connectionLimits, limitConnections } from './limit-connections.ts';
import { registerOpenApi } from './openapi.ts';
import { registerProblems } from './problem.ts';
import { registerFleetRoutes } from './routes-fleet.ts';
import { registerIngest } from './routes-ingest.ts';
import { registerMailRoutes } from './routes-mail.ts';
import { registerProcessRoutes } from './routes-process.ts';
import { registerReportRoutes } from './routes-report.ts';
import { registerRetentionRoutes } from './routes-retention.ts';
import { registerScrapes, registerSeriesRoutes } from './routes-series.ts';
import { registerUnparsedRoutes } from './routes-unparsed.ts';
import type { HttpDeps, HttpOptions } from './typed-app.ts';

/** Headers of one request; a batch's envelope with a long path of other than ASCII characters needs more than Node's 16 KiB. */
const headerBytesMax = 32 * 1024;
const requestTimeoutMs = 60_000;

/** The HTTP side of control, complete but not listening: tests inject requests, `control.ts` listens. */
export async function createHttpServer(options: HttpOptions, deps: HttpDeps): Promise<FastifyInstance> {
  const { trust } = deps;
  const settings = {
    logger: false,
    bodyLimit: 64 * 1024,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
  } as const;
  const bounds = {
    maxHeaderSize: headerBytesMax,
    headersTimeout: connectionLimits.headersMs,
    connectionsCheckingInterval: connectionLimits.checkEveryMs,
  };
  const app =
    trust === undefined
      ? fastify({ ...settings, http: bounds })
      : asPlain(fastify({ ...settings, https: { ...trust.tlsOptions(), ...bounds } }));
  limitConnections(app.server, connectionLimits, deps.events.connectionRefused);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  registerProblems(app, (error, route) => deps.events.faultInRoute(error, route));
  registerGuards(app, createDoorkeeper({ ...options, trust }));
  app.addHook('onResponse', async (request, reply) => {
    deps.events.requestAnswered(request.routeOptions.url ?? 'none', reply.statusCode);
  });
  await registerOpenApi(app, options.version);
  await app.register(async (scope) => {
    const typed = scope.withTypeProvider<ZodTypeProvider>();
    registerMailRoutes(typed, deps);
    registerReportRoutes(typed, deps);
    registerUnparsedRoutes(typed, deps);
    registerFleetRoutes(typed, deps);
    registerProcessRoutes(typed, deps);
    registerSeriesRoutes(typed, deps);
    registerRetentionRoutes(typed, deps);
    registerFailoverRoutes(typed, { clock: deps.clock, ...deps.failover });
  });
  await app.register(async (scope) => {
    registerIngest(scope.withTypeProvider<ZodTypeProvider>(), options, deps);
  });
  await app.register(async (scope) => {
    registerScrapes(scope.withTypeProvider<ZodTypeProvider>(), deps);
  });
  if (trust !== undefined) {
    await app.register(async (scope) => {
      registerTrustRoutes(scope.withTypeProvider<ZodTypeProvider>(), { trust });
    });
    await app.register(async (scope) => {
      const typed = scope.withTypeProvider<ZodTypeProvider>();
      registerOperatorRoutes(typed, { trust, clock: deps.clock });
      if (deps.desk !== undefined) registerActionRoutes(typed, { desk: deps.desk });
      if (deps.orders !== undefined)
        registerFailoverOrderRoutes(typed, { clock: deps.clock, ...deps.failover, orders: deps.orders });
    });
  }
  await registerConsole(app, options.consoleFolder);
  return app;
}

/** To fastify's types a server with TLS is another kind; routes and plugins see no difference. */
const asPlain = (app: unknown): FastifyInstance => app as FastifyInstance;
