// A small chart of one count a step: bars over time, holes hatched, the value under the pointer. All sparklines of a page
// share one pointer, so that the same moment can be compared.
import { useEffect, useEffectEvent, useRef } from 'react';
import uPlot from 'uplot';
import { useConsole } from '../parts/console-context.ts';
import type { Interval } from './holes.ts';
import { useWidth } from './use-width.ts';

const heightPx = 64;
const hatchPx = 6;

type SparklineProps = {
  /** Epoch ms of each step's beginning, ascending, and the step's count; null where it is not known. */
  readonly times: readonly number[];
  readonly values: ReadonlyArray<number | null>;
  readonly stepMs: number;
  readonly until: number;
  readonly holes: readonly Interval[];
  readonly kind: 'bars' | 'line';
  /** The index under the pointer, undefined when it left. */
  readonly onPoint: (index: number | undefined) => void;
  readonly onOpen: (index: number) => void;
};

/** Diagonal strokes in the colour of the element's border, as a canvas pattern. */
function hatchPattern(context: CanvasRenderingContext2D, colour: string): CanvasPattern | null {
  const size = hatchPx * devicePixelRatio;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (pen === null) return null;
  pen.strokeStyle = colour;
  pen.lineWidth = devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}

export function Sparkline({ times, values, stepMs, until, holes, kind, onPoint, onOpen }: SparklineProps) {
  const { theme } = useConsole();
  const [element, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot>(undefined);
  const point = useEffectEvent(onPoint);
  const open = useEffectEvent(onOpen);
  const span = useEffectEvent((): [number, number] => [(times[0] ?? until - stepMs) / 1000, until / 1000]);
  const drawHoles = useEffectEvent((self: uPlot) => {
    if (holes.length === 0) return;
    const { ctx, bbox } = self;
    ctx.save();
    ctx.fillStyle = hatchPattern(ctx, getComputedStyle(self.root).borderTopColor) ?? 'transparent';
    for (const hole of holes) {
      const left = Math.max(bbox.left, self.valToPos(hole.since / 1000, 'x', true));
      const right = Math.min(bbox.left + bbox.width, self.valToPos(hole.until / 1000, 'x', true));
      ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
    }
    ctx.restore();
  });

  // One plot for as long as its size stands; data goes into it below.
  useEffect(() => {
    if (element.current === null || width === 0) return;
    const colour = (self: uPlot): string => getComputedStyle(self.root).color;
    const bars = uPlot.paths.bars?.({ size: [1, 40], gap: 1, align: 1 });
    const made = new uPlot(
      {
        width,
        height: heightPx,
        padding: [4, 0, 0, 0],
        axes: [{ show: false }, { show: false }],
        legend: { show: false },
        scales: { x: { time: true, range: () => span() }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] } },
        series: [
          {},
          {
            points: { show: false },
            ...(kind === 'bars' && bars !== undefined
              ? { paths: bars, fill: colour, width: 0 }
              : { stroke: colour, width: 1.5 }),
          },
        ],
        cursor: { sync: { key: 'flow' }, y: false, drag: { x: false, y: false }, points: { size: 7 } },
        hooks: {
          draw: [(self) => drawHoles(self)],
          setCursor: [(self) => point(self.cursor.idx ?? undefined)],
        },
      },
      [[], []],
      element.current,
    );
    const openPoint = (): void => {
      if (typeof made.cursor.idx === 'number') open(made.cursor.idx);
    };
    made.over.addEventListener('click', openPoint);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [element, width, kind]);

  useEffect(() => {
    const made = plot.current;
    if (made === undefined || width === 0) return;
    made.setData([times.map((time) => time / 1000), [...values]]);
  }, [times, values, width]);

  // The colours are read when drawing, so a change of theme needs a new drawing.
  useEffect(() => {
    const redraw = (): void => plot.current?.redraw();
    if (theme !== 'system') redraw();
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', redraw);
    return () => dark.removeEventListener('change', redraw);
  }, [theme]);

  return <div ref={element} className="sparkline" aria-hidden="true" />;
}
