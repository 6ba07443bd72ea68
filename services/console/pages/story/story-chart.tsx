// The signature view: the journey of one message, one lane a leg, over one time axis.
import { type ReactNode, type RefObject, useEffect, useEffectEvent } from 'react';
import { useWidth } from '../../charts/use-width.ts';
import { useConsole } from '../../parts/console-context.ts';
import { fateLooks, ShapePath } from '../../parts/marks.tsx';
import { visible } from '../../visible.ts';
import { type Focus, lineAnchor } from './focus.ts';
import type { Attempts, Bar, Lane } from './lanes.ts';
import { type AxisPart, evenTicks, layAxis, type StoryAxis } from './story-axis.ts';

const axisPx = 40;
const titlePx = 20;
const rowPx = 20;
const barPx = 12;
const lanePadPx = 14;
/** Room at the right for the last word. */
const wordPx = 104;
const barLabelPxMin = 44;
const tickPx = 110;
const tickLabelPx = 66;
const characterPx = 7;

type LaneBox = { readonly lane: Lane; readonly top: number; readonly height: number };

function stackLanes(lanes: readonly Lane[]): LaneBox[] {
  let top = axisPx;
  return lanes.map((lane) => {
    const height = titlePx + lane.rows * rowPx + lanePadPx;
    const box = { lane, top, height };
    top += height;
    return box;
  });
}

const rowMiddle = (box: LaneBox, row: number): number => box.top + titlePx + row * rowPx + rowPx / 2 + 2;

/** A double stroke across the whole drawing, with how long the break stands for. */
function AxisBreak({
  part,
  height,
  labelled,
}: {
  readonly part: AxisPart;
  readonly height: number;
  readonly labelled: boolean;
}) {
  const { words, format } = useConsole();
  const middle = (part.left + part.right) / 2;
  const duration = format.duration(part.until - part.since);
  return (
    <g className="axis-break">
      <title>{part.folded === 0 ? duration : words.story.folded(format.integer(part.folded), duration)}</title>
      <rect x={middle - 7} y={22} width={14} height={height - 22} />
      <path d={`M${middle - 6} 36 l4 -10 M${middle + 2} 36 l4 -10`} />
      <path className="axis-break-line" d={`M${middle - 4} 38 V${height} M${middle + 4} 38 V${height}`} />
      {labelled ? (
        <text x={middle} y={11} textAnchor="middle">
          {part.folded === 0 ? duration : `${duration} ×${part.folded}`}
        </text>
      ) : null}
    </g>
  );
}

function TimeAxis({ axis, height }: { readonly axis: StoryAxis; readonly height: number }) {
  const { format } = useConsole();
  // The day is said where it changes, and at the beginning when the whole story is of another day.
  const dayOrTime = (time: number, before = Date.now()): string => format.moment(time, before);
  const scales = axis.parts.filter((part) => part.kind === 'scale');
  const [first] = scales;
  if (first === undefined) return null;
  const ticks = axis.isBroken
    ? scales.map((part, index) => ({ time: part.since, label: dayOrTime(part.since, scales[index - 1]?.since) }))
    : evenTicks(first.since, first.until, Math.max(3, (first.right - first.left) / tickPx)).map((time, index) => ({
        time,
        label: index === 0 ? format.timeWithMs(time) : `+${format.duration(time - first.since)}`,
      }));
  let labelEnd = Number.NEGATIVE_INFINITY;
  let breakEnd = Number.NEGATIVE_INFINITY;
  return (
    <g className="story-axis">
      {ticks.map((tick) => {
        const x = axis.x(tick.time);
        const fits = x >= labelEnd;
        if (fits) labelEnd = x + 8 + tick.label.length * characterPx;
        return (
          <g key={tick.time}>
            <title>{format.utc(tick.time)}</title>
            <path d={`M${x} 34 V${height}`} />
            {fits ? (
              <text x={x} y={28}>
                {tick.label}
              </text>
            ) : null}
          </g>
        );
      })}
      {axis.parts.map((part) => {
        if (part.kind === 'scale') return null;
        const labelled = part.left >= breakEnd;
        if (labelled) breakEnd = part.left + tickLabelPx + 8;
        return <AxisBreak key={part.since} part={part} height={height} labelled={labelled} />;
      })}
    </g>
  );
}

function PhaseBar({ bar, axis, middle }: { readonly bar: Bar; readonly axis: StoryAxis; readonly middle: number }) {
  const { words, format } = useConsole();
  const left = axis.x(bar.since);
  const width = Math.max(2, axis.x(bar.until) - left);
  const duration = format.duration(bar.until - bar.since);
  return (
    <g className={`phase phase-${bar.phase}`}>
      <title>{`${words.story.phases[bar.phase]}: ${duration}`}</title>
      <rect x={left} y={middle - barPx / 2} width={width} height={barPx} />
      {width >= barLabelPxMin ? (
        <text x={left + width / 2} y={middle + 4} textAnchor="middle">
          {duration}
        </text>
      ) : null}
    </g>
  );
}

/** The mark of an outcome, with the count where it stands for several recipients and the word where it is the last one. */
function Outcome({
  group,
  x,
  middle,
  word,
}: {
  readonly group: Attempts;
  readonly x: number;
  readonly middle: number;
  readonly word: boolean;
}) {
  const { words, format } = useConsole();
  const look = fateLooks[group.fate];
  const label = [word ? words.fates[group.fate] : '', group.count > 1 ? `×${format.integer(group.count)}` : ''];
  return (
    <g className={`outcome tone-${look.tone}`}>
      <title>
        {[words.fates[group.fate], visible(group.to, 120), group.relay, group.dsn, group.reason]
          .filter(Boolean)
          .map((part) => visible(String(part), 300))
          .join('\n')}
      </title>
      <rect x={x} y={middle - 9} width={18} height={18} fill="transparent" />
      <g transform={`translate(${x + 3} ${middle - 6})`}>
        <ShapePath shape={look.shape} />
      </g>
      <text x={x + 20} y={middle + 4}>
        {label.filter(Boolean).join(' ')}
      </text>
    </g>
  );
}

/** From a transaction down to where the next lane begins; that is often before the transaction ends. */
function HandOver({ from, to }: { readonly from: readonly [number, number]; readonly to: readonly [number, number] }) {
  const [x1, y1] = from;
  const [x2, y2] = to;
  return (
    <path
      className="hand-over"
      markerEnd="url(#hand-over-end)"
      d={
        x2 > x1 + 6
          ? `M${x1} ${y1} H${x2 - 4} q4 0 4 4 V${y2 - barPx / 2 - 1}`
          : `M${x2} ${y1 + barPx / 2} V${y2 - barPx / 2 - 1}`
      }
    />
  );
}

function LaneDrawing(props: {
  readonly box: LaneBox;
  readonly boxes: readonly LaneBox[];
  readonly axis: StoryAxis;
  readonly width: number;
  readonly focus: Focus | undefined;
}): ReactNode {
  const { words, format } = useConsole();
  const { box, boxes, axis, width, focus } = props;
  const { lane } = box;
  const shown = lane.attempts.filter((group) => axis.shows(group.time));
  const last = lane.attempts.at(-1);
  const queue = lane.queueId ?? (lane.role === 'mailbox' ? '' : words.story.noQueueId);
  const role = words.story.roles[lane.role];
  // The mailbox has the last word, not the delivery to it.
  const isFiled = boxes.some((other) => other.lane.role === 'mailbox' && other.lane.leg > lane.leg);
  const took = format.duration(lane.until - lane.since);
  const label = [
    `${visible(lane.node, 80)} ${visible(queue, 40)}: ${role}`,
    words.story.attempts(lane.attempts.length),
    took,
    ...(last === undefined ? [] : [words.fates[last.fate]]),
  ].join(', ');
  return (
    <g className={`lane${focus?.leg === lane.leg ? ' in-focus' : ''}`} data-leg={lane.leg}>
      <rect className="lane-ground" x={0} y={box.top} width={width} height={box.height} />
      <path className="lane-edge" d={`M0 ${box.top + box.height} H${width}`} />
      <a href={`#${lineAnchor(lane.leg)}`} data-row aria-label={label}>
        <text className="lane-title" x={0} y={box.top + 15}>
          <tspan className="lane-node">{visible(lane.node, 40)}</tspan>
          {queue === '' ? null : (
            <tspan className="lane-queue" dx={8}>
              {visible(queue, 24)}
            </tspan>
          )}
          <tspan className="lane-role" dx={8}>
            {role}
          </tspan>
        </text>
      </a>
      <path
        className={lane.open ? 'wait open' : 'wait'}
        d={`M${axis.x(lane.since)} ${rowMiddle(box, 0)} H${axis.x(lane.until)}`}
      >
        <title>{`${words.story.phases.wait}: ${took}`}</title>
      </path>
      {lane.before === undefined ? null : <PhaseBar bar={lane.before} axis={axis} middle={rowMiddle(box, 0)} />}
      {shown.map((group) => {
        const middle = rowMiddle(box, group.row);
        const x = axis.x(group.time);
        const next = group.nextLeg === undefined ? undefined : boxes[group.nextLeg];
        return (
          <g
            key={`${group.time} ${group.row} ${group.to}`}
            className={focus?.leg === lane.leg && focus.time === group.time ? 'attempt in-focus' : 'attempt'}
            data-time={group.time}
          >
            {group.bars.map((bar) => (
              <PhaseBar key={bar.phase} bar={bar} axis={axis} middle={middle} />
            ))}
            {next === undefined || next === box ? (
              <Outcome group={group} x={x} middle={middle} word={group === last && !lane.open && !isFiled} />
            ) : (
              <HandOver from={[x, middle]} to={[axis.x(next.lane.since), rowMiddle(next, 0)]} />
            )}
          </g>
        );
      })}
      {lane.open ? (
        <text className="lane-now" x={axis.x(lane.until) + 8} y={rowMiddle(box, 0) + 4}>
          {words.story.now}
        </text>
      ) : null}
    </g>
  );
}

/** What the pointer or the keyboard is at, told once for the whole drawing. */
function useChartFocus(element: RefObject<HTMLElement | null>, setFocus: (focus: Focus | undefined) => void): void {
  const tell = useEffectEvent((target: EventTarget | null) => {
    const at = target instanceof Element ? target : undefined;
    const leg = at?.closest<SVGElement>('[data-leg]')?.dataset.leg;
    const time = at?.closest<SVGElement>('[data-time]')?.dataset.time;
    if (leg === undefined) setFocus(undefined);
    else setFocus(time === undefined ? { leg: Number(leg) } : { leg: Number(leg), time: Number(time) });
  });
  useEffect(() => {
    const chart = element.current;
    const enter = (event: Event): void => tell(event.target);
    const leave = (): void => tell(null);
    chart?.addEventListener('pointerover', enter);
    chart?.addEventListener('pointerleave', leave);
    chart?.addEventListener('focusin', enter);
    chart?.addEventListener('focusout', leave);
    return () => {
      chart?.removeEventListener('pointerover', enter);
      chart?.removeEventListener('pointerleave', leave);
      chart?.removeEventListener('focusin', enter);
      chart?.removeEventListener('focusout', leave);
    };
  }, [element]);
}

export function StoryChart({
  lanes,
  focus,
  setFocus,
}: {
  readonly lanes: readonly Lane[];
  readonly focus: Focus | undefined;
  readonly setFocus: (focus: Focus | undefined) => void;
}) {
  const { words } = useConsole();
  const [element, width] = useWidth<HTMLElement>();
  useChartFocus(element, setFocus);
  const boxes = stackLanes(lanes);
  const lastBox = boxes.at(-1);
  const height = lastBox === undefined ? axisPx : lastBox.top + lastBox.height + 1;
  const axis = layAxis(lanes, 1, Math.max(120, width - wordPx));
  return (
    <figure ref={element} className="story-chart" aria-labelledby="journey-title">
      {width === 0 ? null : (
        <svg width={width} height={height} aria-label={words.story.journey}>
          <defs>
            <pattern id="connecting" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="5" height="5" fill="var(--blue-soft)" />
              <rect width="2" height="5" fill="var(--blue)" />
            </pattern>
            <marker
              id="hand-over-end"
              viewBox="0 0 8 8"
              refX="6"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M1 1 7 4 1 7" fill="none" stroke="var(--line-strong)" strokeWidth="1.5" />
            </marker>
          </defs>
          <TimeAxis axis={axis} height={height} />
          {boxes.map((box) => (
            <LaneDrawing key={box.lane.leg} box={box} boxes={boxes} axis={axis} width={width} focus={focus} />
          ))}
        </svg>
      )}
      {axis.isBroken ? <p className="muted small">{words.story.broken}</p> : null}
    </figure>
  );
}
