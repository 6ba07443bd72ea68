// The rows of a search, read page by page as the reader comes near the end.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { CompletenessWire, StoryQueryWire, StorySummaryWire } from '../../../protocol/wire.ts';
import { type ApiError, api } from '../../api/client.ts';
import { toApiError } from '../../api/resource.ts';

/** One page of the API, the largest it gives. */
const pageRows = 200;
/** More rows than anybody reads; beyond it the page asks for a narrower search. */
export const rowsMax = 200_000;

export type StoryList = {
  readonly rows: readonly StorySummaryWire[];
  readonly nextCursor: string | undefined;
  readonly completeness: CompletenessWire | undefined;
  readonly readAt: number | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
};

const emptyList: StoryList = {
  rows: [],
  nextCursor: undefined,
  completeness: undefined,
  readAt: undefined,
  error: undefined,
  loading: true,
};

/**
 * `query` says what is searched, `revision` grows when it should be searched anew. The rows of the last search stay until
 * those of the new one are there.
 */
export function useStoryList(query: StoryQueryWire, revision: number): StoryList & { readonly readMore: () => void } {
  const [list, setList] = useState(emptyList);
  const key = JSON.stringify(query);
  const reading = useRef<AbortController>(undefined);
  // A search's rows grow in place: a copy of up to `rowsMax` of them at every page is garbage that stalls scrolling.
  const grown = useRef<StorySummaryWire[]>([]);

  const read = useCallback((search: StoryQueryWire, rows: StorySummaryWire[]) => {
    reading.current?.abort();
    const controller = new AbortController();
    reading.current = controller;
    setList((held) => ({ ...held, loading: true, error: undefined }));
    api.stories({ ...search, limit: pageRows }, controller.signal).then(
      (page) => {
        if (controller.signal.aborted) return;
        reading.current = undefined;
        grown.current = rows;
        for (const story of page.items) rows.push(story);
        setList({
          rows,
          nextCursor: page.nextCursor,
          completeness: page.completeness,
          readAt: Date.now(),
          error: undefined,
          loading: false,
        });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        reading.current = undefined;
        setList((held) => ({ ...held, error: toApiError(error), loading: false }));
      },
    );
  }, []);

  useEffect(() => {
    // A new connection asks the same question again; the number says which one this is.
    void revision;
    read(JSON.parse(key) as StoryQueryWire, []);
    return () => reading.current?.abort();
  }, [key, revision, read]);

  const readMore = useCallback(() => {
    if (reading.current !== undefined || list.nextCursor === undefined || list.rows.length >= rowsMax) return;
    read({ ...(JSON.parse(key) as StoryQueryWire), cursor: list.nextCursor }, grown.current);
  }, [key, list, read]);

  return { ...list, readMore };
}
