// One answer of the API inside a page: read when its key changes and again on every revision, kept while a newer one is
// on its way or cannot be had. The page shows how old it is.
import { useEffect, useEffectEvent, useState } from 'react';
import { ApiError } from './client.ts';

export type Resource<Body> = {
  readonly data: Body | undefined;
  readonly error: ApiError | undefined;
  /** When `data` was read, epoch ms. */
  readonly readAt: number | undefined;
  readonly loading: boolean;
};

type Held<Body> = Omit<Resource<Body>, 'loading'> & { readonly key: string; readonly revision: number };

/** What is no ApiError is a bug, and is shown as one. */
export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'internal', String(error));
}

/** `key` says what is read; `revision` grows when it should be read anew. */
export function useResource<Body>(
  key: string,
  revision: number,
  read: (signal: AbortSignal) => Promise<Body>,
): Resource<Body> {
  const [held, setHeld] = useState<Held<Body>>();
  const readLatest = useEffectEvent(read);

  useEffect(() => {
    const controller = new AbortController();
    readLatest(controller.signal).then(
      (data) => setHeld({ key, revision, data, error: undefined, readAt: Date.now() }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        setHeld((before) => {
          const kept = before?.key === key ? before : { data: undefined, readAt: undefined };
          return { key, revision, data: kept.data, readAt: kept.readAt, error: toApiError(error) };
        });
      },
    );
    return () => controller.abort();
  }, [key, revision]);

  if (held?.key !== key) return { data: undefined, error: undefined, readAt: undefined, loading: true };
  return { ...held, loading: held.revision !== revision };
}
