// Every address of the console. A view is its URL: time range, words, filters and all.

export const routes = {
  overview: '/',
  messages: '/messages',
  story: '/messages/:id',
  live: '/live',
  report: '/reports',
  failover: '/failover',
} as const;

/** The query parameters that a view understands; absent and empty ones are left out of the URL. */
export type ViewParams = Readonly<
  Partial<
    Record<
      'q' | 'fate' | 'domain' | 'range' | 'since' | 'until' | 'text' | 'node' | 'show' | 'view' | 'group',
      string | undefined
    >
  >
>;

/** The same address within a scope; one that it names itself stays. */
export function keepScope(to: string, domain: string | undefined): string {
  if (domain === undefined) return to;
  const [, path = '', query = '', hash = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(to) ?? [];
  const search = new URLSearchParams(query);
  if (!search.has('domain')) search.set('domain', domain);
  return `${path}?${search}${hash}`;
}

export function withParams(path: string, params: ViewParams): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined && value !== '') search.set(name, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

export const paths = {
  overview: (params: ViewParams = {}): string => withParams('/', params),
  messages: (params: ViewParams = {}): string => withParams('/messages', params),
  story: (id: string): string => `/messages/${encodeURIComponent(id)}`,
  report: (params: ViewParams = {}): string => withParams('/reports', params),
  live: (params: ViewParams = {}): string => withParams('/live', params),
  failover: (params: ViewParams = {}): string => withParams('/failover', params),
};
