import { type RefObject, useEffect, useRef, useState } from 'react';
import { type RowWindow, rowsInView } from './row-window.ts';

/** The rows to draw of a list that scrolls with the page; `list` is the element that is as high as all of them. */
export function useRowWindow(rowCount: number, rowPx: number): [RefObject<HTMLTableSectionElement | null>, RowWindow] {
  const list = useRef<HTMLTableSectionElement>(null);
  const [rowWindow, setRowWindow] = useState<RowWindow>({ first: 0, end: 40 });
  useEffect(() => {
    let frame = 0;
    const measure = (): void => {
      frame = 0;
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const next = rowsInView(top, window.innerHeight, rowPx, rowCount);
      setRowWindow((held) => (held.first === next.first && held.end === next.end ? held : next));
    };
    const schedule = (): void => {
      if (frame === 0) frame = requestAnimationFrame(measure);
    };
    measure();
    window.addEventListener('scroll', schedule, { passive: true });
    window.addEventListener('resize', schedule);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', schedule);
      window.removeEventListener('resize', schedule);
    };
  }, [rowCount, rowPx]);
  return [list, rowWindow];
}
