import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, toProblem } from '../../protocol/errors.ts';

/** Every failure leaves as `application/problem+json` (RFC 9457); a bug says nothing of its inside. */
export function registerProblems(app: FastifyInstance, onBug: (error: unknown, route: string) => void): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const expected = toAppError(error);
    if (expected.code === 'internal') onBug(error, request.routeOptions.url ?? '(none)');
    return sendProblem(reply, expected);
  });
}

export function notFound(request: FastifyRequest): AppError {
  const [path = ''] = request.url.split('?');
  return new AppError('not-found', `There is nothing at ${request.method} ${path.slice(0, 200)}`, {
    hint: 'GET /docs lists what there is',
  });
}

export function sendProblem(reply: FastifyReply, error: AppError): FastifyReply {
  const problem = toProblem(error);
  if (problem.status === 503) reply.header('retry-after', '1');
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

function toAppError(error: FastifyError): AppError {
  if (error instanceof AppError) return error;
  if (error.validation !== undefined) return new AppError('bad-request', describeFaults(error));
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new AppError('too-large', 'The body is larger than allowed here');
  if (error.statusCode !== undefined && error.statusCode < 500) return new AppError('bad-request', error.message);
  return new AppError('internal', 'A fault inside control; its log says more', { cause: error });
}

function describeFaults(error: FastifyError): string {
  const faults = (error.validation ?? []).map(
    (fault) =>
      `${error.validationContext ?? 'request'}${fault.instancePath.replaceAll('/', '.')}: ${fault.message ?? 'not valid'}`,
  );
  return faults.slice(0, 10).join('; ');
}
