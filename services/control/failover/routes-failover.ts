import { z } from 'zod';
import { movesOf } from '../../fleet/failover-moves.ts';
import {
  auditQuerySchema,
  auditSchema,
  type FailoverHistory,
  failoverExplanationSchema,
  failoverGroupAnswerSchema,
  failoverGroupsSchema,
  failoverHistoryQuerySchema,
  failoverHistorySchema,
  failoverOrderAnswerSchema,
  failoverOrderSchema,
  failoverPreflightSchema,
} from '../../protocol/failover.ts';
import { problemResponses } from '../http/openapi.ts';
import type { HttpDeps, TypedApp } from '../http/typed-app.ts';
import type { OrderDesk } from './order-desk.ts';

/** Entries that moves are put together from: a move leaves about ten on each of its voters. */
const entriesPerMove = 20;
const entriesMax = 2000;
const entriesListedMax = 200;

const params = z.object({ group: z.string().min(1).max(64) });
const tags = ['failover'];

type Deps = Pick<HttpDeps, 'clock'> & HttpDeps['failover'];

/** Who owns what and why: `/api/v1/failover/groups`. `:group` is an incarnation, or a name that one group has. */
export function registerFailoverRoutes(app: TypedApp, deps: Deps): void {
  const { clock, failover, questions, state } = deps;
  app.get(
    '/api/v1/failover/groups',
    {
      schema: {
        ...{ tags, summary: 'Every lease group: owner, epoch, votes, guards, who may hold and why not' },
        response: { 200: failoverGroupsSchema, ...problemResponses },
      },
    },
    async () => ({ now: clock.now(), groups: failover.readGroups() }),
  );
  app.get(
    '/api/v1/failover/groups/:group',
    {
      schema: {
        ...{ tags, summary: 'One lease group, each voter with its own word and when it was heard', params },
        response: { 200: failoverGroupAnswerSchema, ...problemResponses },
      },
    },
    async (request) => ({ now: clock.now(), group: failover.findGroup(request.params.group) }),
  );
  app.get(
    '/api/v1/failover/groups/:group/history',
    {
      schema: {
        ...{
          tags,
          summary: 'Its moves with what they took and why, and what each voter told; the newest first',
          params,
        },
        querystring: failoverHistoryQuerySchema,
        response: { 200: failoverHistorySchema, ...problemResponses },
      },
    },
    async (request): Promise<FailoverHistory> => {
      const { id, group } = failover.findGroup(request.params.group);
      const { before, limit } = request.query;
      const asked = Math.min(entriesMax, limit * entriesPerMove);
      const entries = await state.readEntries({ id, before, limit: asked });
      const moves = movesOf(entries, before);
      const oldest = entries.at(-1);
      const isCut = entries.length === asked;
      // What stands at the end of a full page may have begun before it.
      const listed = moves.slice(0, isCut && moves.length > 1 ? Math.min(limit, moves.length - 1) : limit);
      const rest = listed.length < moves.length ? listed.at(-1)?.at : isCut ? oldest?.time : undefined;
      return {
        ...{ id, group, now: clock.now(), moves: listed, entries: entries.slice(0, entriesListedMax) },
        ...(rest === undefined ? {} : { nextBefore: rest }),
      };
    },
  );
  app.get(
    '/api/v1/failover/groups/:group/preflight',
    {
      schema: {
        ...{
          tags,
          summary: 'Has each voter measure and check now, which takes seconds; says what each cut would do',
          params,
        },
        response: { 200: failoverPreflightSchema, ...problemResponses },
      },
    },
    (request) => questions.preflight(failover.findGroup(request.params.group)),
  );
  app.get(
    '/api/v1/failover/groups/:group/explain',
    {
      schema: {
        ...{
          tags,
          summary: 'Asks each voter what it decided last and how often, as mailward failover explain does',
          params,
        },
        response: { 200: failoverExplanationSchema, ...problemResponses },
      },
    },
    (request) => questions.explain(failover.findGroup(request.params.group)),
  );
}

/** What only the operator may: orders to a group, and the record of them. */
export function registerFailoverOrderRoutes(
  app: TypedApp,
  deps: Omit<Deps, 'questions'> & { readonly orders: OrderDesk },
): void {
  const { clock, failover, orders, state } = deps;
  app.post(
    '/api/v1/failover/groups/:group/orders',
    {
      schema: {
        ...{
          tags,
          summary: 'Adds or removes a voter, or raises T: told to the owner, whose agent must allow it',
          params,
        },
        body: failoverOrderSchema,
        response: { 200: failoverOrderAnswerSchema, ...problemResponses },
      },
    },
    (request) => orders.run(failover.findGroup(request.params.group), request.body),
  );
  app.get(
    '/api/v1/audit',
    {
      schema: {
        ...{ tags: ['actions'], summary: 'Who had what done, why, and what came of it; the newest first' },
        querystring: auditQuerySchema,
        response: { 200: auditSchema, ...problemResponses },
      },
    },
    async (request) => ({ now: clock.now(), records: [...(await state.readAudit(request.query))] }),
  );
}
