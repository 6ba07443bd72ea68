// States as shape, word and colour, in that order. The shape alone tells them apart without colour.
import type { ReactNode } from 'react';
import type { Severity } from '../../protocol/mail-event.ts';
import type { Fate, NodeStateName, OverviewSeverity, SourceState } from '../words/words.ts';
import { useConsole } from './console-context.ts';

export type Tone = 'blue' | 'orange' | 'red' | 'grey';
type ShapeName = 'disc' | 'ring' | 'triangle' | 'cross' | 'square' | 'bar' | 'arrow' | 'pause' | 'barred' | 'dashes';
export type Look = { readonly shape: ShapeName; readonly tone: Tone };

export const fateLooks: Readonly<Record<Fate, Look>> = {
  'in-transit': { shape: 'arrow', tone: 'grey' },
  delivered: { shape: 'disc', tone: 'blue' },
  deferred: { shape: 'triangle', tone: 'orange' },
  bounced: { shape: 'cross', tone: 'red' },
  expired: { shape: 'square', tone: 'red' },
  rejected: { shape: 'barred', tone: 'grey' },
  discarded: { shape: 'bar', tone: 'grey' },
  held: { shape: 'pause', tone: 'orange' },
};
const nodeLooks: Readonly<Record<NodeStateName, Look>> = {
  up: { shape: 'disc', tone: 'blue' },
  stale: { shape: 'dashes', tone: 'grey' },
  down: { shape: 'cross', tone: 'red' },
};
export const severityLooks: Readonly<Record<OverviewSeverity, Look>> = {
  ok: { shape: 'disc', tone: 'blue' },
  degraded: { shape: 'triangle', tone: 'orange' },
  down: { shape: 'cross', tone: 'red' },
  unknown: { shape: 'dashes', tone: 'grey' },
};
const sourceLooks: Readonly<Record<SourceState, Look>> = {
  complete: { shape: 'disc', tone: 'blue' },
  gap: { shape: 'triangle', tone: 'orange' },
  suppressed: { shape: 'triangle', tone: 'orange' },
  unknown: { shape: 'dashes', tone: 'grey' },
};
const levelLooks: Readonly<Partial<Record<Severity, Look>>> = {
  warning: { shape: 'triangle', tone: 'orange' },
  error: { shape: 'cross', tone: 'red' },
  fatal: { shape: 'square', tone: 'red' },
  panic: { shape: 'square', tone: 'red' },
};

/** The inside of a 12 × 12 drawing, in the current colour; also used inside the story's own SVG. */
export function ShapePath({ shape }: { readonly shape: ShapeName }): ReactNode {
  const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 2, strokeLinecap: 'round' } as const;
  switch (shape) {
    case 'disc':
      return <circle cx="6" cy="6" r="4.5" fill="currentColor" />;
    case 'ring':
      return <circle cx="6" cy="6" r="4" {...line} />;
    case 'triangle':
      return <path d="M6 1.2 11.4 10.8H.6Z" fill="currentColor" />;
    case 'cross':
      return <path d="M2 2 10 10M10 2 2 10" {...line} strokeWidth={2.4} />;
    case 'square':
      return <rect x="1.5" y="1.5" width="9" height="9" fill="currentColor" />;
    case 'bar':
      return <path d="M1.5 6h9" {...line} strokeWidth={2.4} />;
    case 'arrow':
      return <path d="M1.5 6h8M6.5 2.5 10 6 6.5 9.5" {...line} />;
    case 'pause':
      return <path d="M3.5 2v8M8.5 2v8" {...line} strokeWidth={2.6} />;
    case 'barred':
      return <path d="M6 1.5a4.5 4.5 0 1 0 .01 0M2.9 9.1 9.1 2.9" {...line} strokeWidth={1.8} />;
    case 'dashes':
      return <circle cx="6" cy="6" r="4.2" {...line} strokeDasharray="2.6 2.6" strokeLinecap="butt" />;
  }
}

export function Mark({
  look,
  word,
  sizePx = 12,
}: {
  readonly look: Look;
  readonly word: string;
  readonly sizePx?: number;
}) {
  return (
    <span className={`mark tone-${look.tone}`}>
      <svg width={sizePx} height={sizePx} viewBox="0 0 12 12" aria-hidden="true">
        <ShapePath shape={look.shape} />
      </svg>
      {word}
    </span>
  );
}

export function FateMark({ fate, sizePx }: { readonly fate: Fate; readonly sizePx?: number }) {
  const { words } = useConsole();
  return <Mark look={fateLooks[fate]} word={words.fates[fate]} {...(sizePx === undefined ? {} : { sizePx })} />;
}

export function NodeMark({ state }: { readonly state: NodeStateName }) {
  const { words } = useConsole();
  return <Mark look={nodeLooks[state]} word={words.nodeStates[state]} />;
}

export function SourceMark({ state }: { readonly state: SourceState }) {
  const { words } = useConsole();
  return <Mark look={sourceLooks[state]} word={words.completeness.states[state]} />;
}

/** Only what is worse than information is marked. */
export function LevelMark({ severity }: { readonly severity: Severity | undefined }) {
  const { words } = useConsole();
  const look = severity === undefined ? undefined : levelLooks[severity];
  return look === undefined || severity === undefined ? null : <Mark look={look} word={words.levels[severity]} />;
}

export function SeverityShape({ severity, sizePx }: { readonly severity: OverviewSeverity; readonly sizePx: number }) {
  const look = severityLooks[severity];
  return (
    <svg className={`tone-${look.tone}`} width={sizePx} height={sizePx} viewBox="0 0 12 12" aria-hidden="true">
      <ShapePath shape={look.shape} />
    </svg>
  );
}
