import { type RefObject, useEffect, useRef, useState } from 'react';
import { areApart, type RowWindow, rowsInView } from './row-window.ts';

/** A jump is over when the page has not scrolled for so long; then the rows around are drawn too. */
const restMs = 100;

/** The rows to draw of a list that scrolls with the page; `list` is the element that is as high as all of them. */
export function useRowWindow(rowCount: number, rowPx: number): [RefObject<HTMLTableSectionElement | null>, RowWindow] {
  const list = useRef<HTMLTableSectionElement>(null);
  const [rowWindow, setRowWindow] = useState<RowWindow>({ first: 0, end: 40 });
  useEffect(() => {
    let frame = 0;
    let rest: ReturnType<typeof setTimeout> | undefined;
    const measure = (): void => {
      frame = 0;
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const inView = (around?: number): RowWindow => rowsInView(top, window.innerHeight, rowPx, rowCount, around);
      clearTimeout(rest);
      setRowWindow((held) => {
        const next = areApart(held, inView(0)) ? inView(0) : inView();
        return held.first === next.first && held.end === next.end ? held : next;
      });
      rest = setTimeout(() => setRowWindow(inView()), restMs);
    };
    const schedule = (): void => {
      if (frame === 0) frame = requestAnimationFrame(measure);
    };
    measure();
    window.addEventListener('scroll', schedule, { passive: true });
    window.addEventListener('resize', schedule);
    return () => {
      clearTimeout(rest);
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', schedule);
      window.removeEventListener('resize', schedule);
    };
  }, [rowCount, rowPx]);
  return [list, rowWindow];
}
