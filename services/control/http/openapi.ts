import swagger, { type SwaggerTransform } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { problemSchema } from '../../protocol/errors.ts';

/** The failures of every documented route, in one line of its schema. */
export const problemResponses = {
  default: {
    description: 'Problem details (RFC 9457)',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
} as const;

/** The OpenAPI document at /docs/json and a page to read it at /docs, both drawn from the routes' zod schemas. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Mailward control', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      tags: [
        { name: 'mail', description: 'What became of messages' },
        { name: 'fleet', description: 'Nodes and their agents' },
        { name: 'ingest', description: 'The bulk channel of the agents' },
        { name: 'failover', description: 'Lease groups: who owns the service addresses, and why' },
        { name: 'process', description: 'Health and metrics of control itself' },
      ],
    },
    transform: describeWire,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: docsSecurityPolicy,
    uiConfig: { docExpansion: 'list' },
  });
}

/** The reader of the document sets styles of its own while it runs; scripts come from here alone. */
const docsSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/**
 * The document states what travels, which is the input side of each schema on both ways: an instant is an ISO text in a
 * request and in an answer alike, whatever it is in memory.
 */
const describeWire: SwaggerTransform = ({ schema, url }) => {
  if (schema === undefined || schema.hide === true) return { schema: { hide: true }, url };
  const { response, params, querystring, headers, body, ...rest } = schema;
  const described: Record<string, unknown> = { ...rest };
  for (const [part, value] of Object.entries({ params, querystring, headers, body })) {
    if (value !== undefined && value !== null) described[part] = toJsonSchema(value);
  }
  if (response !== undefined) {
    described.response = Object.fromEntries(
      Object.entries(response as Record<string, unknown>).map(([status, answer]) => [status, describeAnswer(answer)]),
    );
  }
  return { schema: described, url };
};

function describeAnswer(answer: unknown): unknown {
  if (answer instanceof z.ZodType) return toJsonSchema(answer);
  const { description, content } = answer as { description: string; content: Record<string, { schema: unknown }> };
  const types = Object.entries(content).map(([type, { schema }]) => [type, { schema: toJsonSchema(schema) }]);
  return { description, content: Object.fromEntries(types) };
}

function toJsonSchema(schema: unknown): unknown {
  if (!(schema instanceof z.ZodType)) return schema;
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
  });
  return json;
}
