// Plain fetch over the API, typed by the protocol. The console uses nothing else.
import type {
  CompletenessWire,
  FailoverGroupsWire,
  FailoverHistoryWire,
  FailoverPreflightWire,
  NodesWire,
  OverviewWire,
  ProblemWire,
  ReportAnswerWire,
  StoryCountWire,
  StoryDetailWire,
  StoryPageWire,
  StoryQueryWire,
} from '../../protocol/wire.ts';

/** An answer that is no success: what the server said (RFC 9457), or that it could not be reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  constructor(status: number, code: string, detail: string, hint?: string) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** After this long without an answer a request counts as failed, so that a page never waits for ever. */
const answerMsMax = 20_000;
/** A report reads every line of its time again. */
const reportMsMax = 300_000;

async function get<Body>(
  path: string,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  withinMs: number = answerMsMax,
): Promise<Body> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') search.set(name, String(value));
  const query = search.size === 0 ? '' : `?${search}`;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}${query}`, {
      headers: { accept: 'application/json, application/problem+json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, 'unreachable', '');
  }
  if (response.ok) return (await response.json()) as Body;
  const problem = (await response.json().catch(() => ({}))) as Partial<ProblemWire>;
  throw new ApiError(
    response.status,
    problem.code ?? 'internal',
    problem.detail ?? problem.title ?? `HTTP ${response.status}`,
    problem.hint,
  );
}

export const api = {
  overview: (query: { readonly windowMs: number; readonly domain: string | undefined }, signal: AbortSignal) =>
    get<OverviewWire>('/overview', query, signal),
  /** Of the last day. */
  completeness: (signal: AbortSignal) => get<CompletenessWire>('/completeness', {}, signal),
  nodes: (signal: AbortSignal) => get<NodesWire>('/nodes', {}, signal),
  stories: (query: StoryQueryWire, signal: AbortSignal) => get<StoryPageWire>('/stories', query, signal),
  countStories: (query: StoryQueryWire, signal: AbortSignal) => get<StoryCountWire>('/stories/count', query, signal),
  report: (query: Readonly<Record<string, unknown>>, signal: AbortSignal) =>
    get<ReportAnswerWire>('/reports', query, signal, reportMsMax),
  failover: (signal: AbortSignal) => get<FailoverGroupsWire>('/failover/groups', {}, signal),
  failoverHistory: (id: string, before: string | undefined, signal: AbortSignal) =>
    get<FailoverHistoryWire>(`/failover/groups/${encodeURIComponent(id)}/history`, { before }, signal),
  /** Takes seconds: it measures. */
  failoverPreflight: (id: string, signal: AbortSignal) =>
    get<FailoverPreflightWire>(`/failover/groups/${encodeURIComponent(id)}/preflight`, {}, signal),
  story: (id: string, signal: AbortSignal) => get<StoryDetailWire>(`/stories/${encodeURIComponent(id)}`, {}, signal),
};
