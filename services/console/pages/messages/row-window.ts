// Which rows of a long list are drawn: those in sight and a few around them. Every row has the same height, so that is
// arithmetic.

/** Rows drawn above and below the visible ones, so that a fast wheel and the keys find them there. */
export const rowsAround = 8;

export type RowWindow = { readonly first: number; readonly end: number };

/**
 * Rows `first` until `end` (exclusive). `listTopPx` is where the list begins relative to the top of the view (negative
 * when scrolled past), all lengths in CSS pixels.
 */
export function rowsInView(
  listTopPx: number,
  viewPx: number,
  rowPx: number,
  rowCount: number,
  around = rowsAround,
): RowWindow {
  const firstVisible = Math.floor(Math.max(0, -listTopPx) / rowPx);
  const endVisible = Math.ceil(Math.max(0, viewPx - listTopPx) / rowPx);
  return {
    first: Math.max(0, Math.min(rowCount, firstVisible) - around),
    end: Math.min(rowCount, Math.max(endVisible, 0) + around),
  };
}

/** Whether no row of one window is in the other: then everything is drawn anew, and what is around would be drawn in vain. */
export const areApart = (one: RowWindow, other: RowWindow): boolean => one.end <= other.first || other.end <= one.first;
