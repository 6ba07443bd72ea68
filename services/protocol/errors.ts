import { z } from 'zod';

/**
 * The registry of expected failures: code → HTTP status and title. A code appears in logs, in `application/problem+json`
 * answers (RFC 9457) and on the command line; its meaning never changes.
 */
export const errorRegistry = {
  'bad-request': { status: 400, title: 'The request is not valid' },
  'bad-query': { status: 400, title: 'The search is not understood' },
  'bad-cursor': { status: 400, title: 'The page cursor is not valid' },
  forbidden: { status: 403, title: 'This is not allowed' },
  'certificate-needed': { status: 401, title: 'An agent shows its certificate here' },
  'certificate-refused': { status: 403, title: 'The certificate is not of this control' },
  'certificate-over': { status: 403, title: 'The certificate is no longer good' },
  'certificate-revoked': { status: 403, title: 'The certificate has been revoked' },
  'wrong-node': { status: 403, title: 'An agent speaks for its own node alone' },
  'token-refused': { status: 403, title: 'The join token is not taken' },
  'too-many-attempts': { status: 429, title: 'Too many attempts from one address' },
  'node-alive': { status: 409, title: 'The node is heard' },
  'not-found': { status: 404, title: 'Nothing is found there' },
  'too-large': { status: 413, title: 'The body is larger than allowed' },
  'not-ready': { status: 503, title: 'It is not ready to serve' },
  overloaded: { status: 503, title: 'More is asked for than can be done now' },
  'store-failed': { status: 500, title: 'The store could not do it' },
  'protocol-mismatch': { status: 409, title: 'The two sides speak different protocol versions' },
  'out-of-sequence': { status: 409, title: 'The batch does not follow the last one' },
  'bad-config': { status: 500, title: 'The configuration is not valid' },
  'port-busy': { status: 500, title: 'The port is in use' },
  unreachable: { status: 502, title: 'The other side does not answer' },
  missing: { status: 500, title: 'Something that is needed is not there' },
  internal: { status: 500, title: 'A fault inside Mailward' },
} as const;
export type ErrorCode = keyof typeof errorRegistry;

/** An expected failure, with what was attempted and what would be right. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** What the reader can do about it. */
  readonly hint: string | undefined;
  constructor(code: ErrorCode, detail: string, options: { hint?: string; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** RFC 9457 body; `code` and `hint` are ours. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  hint: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

export function toProblem(error: AppError): Problem {
  const { status, title } = errorRegistry[error.code];
  return {
    type: `urn:mailward:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
