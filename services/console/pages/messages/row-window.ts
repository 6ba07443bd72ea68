// Which rows of a long list are drawn: those in sight and a few around them. Every row has the same height, so that is
// arithmetic.

/** Rows drawn above and below the visible ones, so that a fast wheel and the keys find them there. */
export const rowsAround = 8;

export type RowWindow = { readonly first: number; readonly end: number };

/**
 * Rows `first` until `end` (exclusive). `listTopPx` is where the list begins relative to the top of the view (negative
 * when scrolled past), all lengths in CSS pixels.
 */
export function rowsInView(listTopPx: number, viewPx: number, rowPx: number, rowCount: number): RowWindow {
  const firstVisible = Math.floor(Math.max(0, -listTopPx) / rowPx);
  const endVisible = Math.ceil(Math.max(0, viewPx - listTopPx) / rowPx);
  return {
    first: Math.max(0, Math.min(rowCount, firstVisible) - rowsAround),
    end: Math.min(rowCount, Math.max(endVisible, 0) + rowsAround),
  };
}
