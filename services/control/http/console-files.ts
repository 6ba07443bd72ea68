import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../protocol/errors.ts';
import { notFound, sendProblem } from './problem.ts';

/** Paths that belong to programs: an unknown one is a 404, never the page. */
const programPaths = /^\/(api|ingest|trust|docs|metrics|healthz|readyz|socket\.io|assets)(\/|$|\?)/;

/** The built console. Any other path asked for by a browser is a view of the page, which finds its way by itself. */
export async function registerConsole(app: FastifyInstance, folder: string): Promise<void> {
  const isBuilt = existsSync(join(folder, 'index.html'));
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      cacheControl: false,
      // The build leaves each file's compressed form beside it.
      preCompressed: true,
      setHeaders: (response, path) => {
        // Built files carry a hash in their names; the page itself must always be asked for again.
        const isHashed = path.includes('/assets/');
        response.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const wantsPage = request.method === 'GET' && !programPaths.test(request.url);
    if (!wantsPage) return sendProblem(reply, notFound(request));
    if (isBuilt) return reply.sendFile('index.html');
    return sendProblem(
      reply,
      new AppError('missing', 'The console is not built', { hint: 'Run: npm run console:build' }),
    );
  });
}
