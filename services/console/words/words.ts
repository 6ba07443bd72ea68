// What a dictionary must be able to say. Both languages are written against this, so neither can fall behind.

import type { Severity } from '../../protocol/mail-event.ts';
import type { LegWire, NodeStateWire, OverviewWire, SourceCompletenessWire, StoryWire } from '../../protocol/wire.ts';
import type { UnitWords } from './format.ts';
import type { ReportWords } from './report-words.ts';

export type Fate = StoryWire['fate'];
export type NodeStateName = NodeStateWire['state'];
export type OverviewSeverity = OverviewWire['sentence']['severity'];
export type SourceState = SourceCompletenessWire['state'];
export type LegRole = LegWire['role'];
export type SentenceArgs = OverviewWire['sentence']['args'];
export type TailGroup = 'messages' | 'deliveries' | 'refusals' | 'logins' | 'mailboxes' | 'faults' | 'rest';
export type LanguageCode = 'en' | 'zh';

type Tile = readonly [title: string, unit: string];
type KeyRow = readonly [keys: string, what: string];

export type Words = {
  readonly language: string;
  readonly units: UnitWords;
  readonly nav: Readonly<Record<'overview' | 'messages' | 'reports' | 'live' | 'main' | 'skip', string>>;
  readonly search: Readonly<Record<'label' | 'placeholder' | 'go', string>>;
  readonly settings: Readonly<Record<'theme' | 'system' | 'light' | 'dark' | 'help', string>>;
  readonly link: Readonly<Record<'live' | 'connecting' | 'stale', string>>;
  readonly stale: {
    readonly title: (since: string) => string;
    readonly text: string;
    readonly never: string;
    readonly recovered: string;
  };
  readonly age: (asOf: string, ago: string) => string;
  readonly zone: (zone: string) => string;
  readonly failed: Readonly<Record<'title' | 'retry' | 'meaning' | 'unreachable', string>>;
  readonly loading: string;
  readonly copyLink: string;
  readonly copied: string;
  readonly copyRefused: string;
  readonly table: Readonly<Record<'show' | 'hide', string>>;
  readonly range: {
    readonly label: string;
    readonly last: (duration: string) => string;
    readonly custom: string;
    readonly since: string;
    readonly until: string;
    readonly between: (since: string, until: string) => string;
  };
  readonly help: {
    readonly title: string;
    readonly close: string;
    readonly rows: readonly KeyRow[];
    readonly searchTitle: string;
    readonly searchRows: readonly KeyRow[];
  };
  readonly fates: Readonly<Record<Fate, string>>;
  readonly nodeStates: Readonly<Record<NodeStateName, string>>;
  readonly severities: Readonly<Record<OverviewSeverity, string>>;
  readonly levels: Readonly<Record<Severity, string>>;
  readonly overview: {
    readonly title: string;
    /** By the code of the API's sentence; a code that is not known here is said by its severity. */
    readonly sentences: Readonly<Record<string, (args: SentenceArgs) => string>>;
    readonly fallback: Readonly<Record<OverviewSeverity, string>>;
    readonly nodes: string;
    readonly noNodes: string;
    readonly columns: Readonly<Record<'node' | 'state' | 'lag' | 'lastHeard' | 'sources' | 'flow' | 'mode', string>>;
    readonly noLag: string;
    readonly modes: Readonly<Record<NodeStateWire['mode'], string>>;
    readonly ago: (duration: string) => string;
    readonly justNow: string;
    readonly nodeSentences: {
      readonly starting: string;
      readonly noSources: string;
      readonly behind: (bytes: string) => string;
      readonly stale: (ago: string) => string;
      readonly down: (ago: string) => string;
    };
    readonly flow: (window: string) => string;
    readonly tiles: Readonly<Record<'accepted' | 'delivered' | 'deferred' | 'queue' | 'bounced' | 'rejected', Tile>>;
    readonly oldest: (duration: string) => string;
    readonly queueEmpty: string;
    readonly step: (duration: string) => string;
    readonly hatched: string;
    readonly tableTime: string;
    readonly lines: string;
    readonly openStep: (time: string) => string;
  };
  readonly completeness: {
    readonly title: string;
    readonly complete: (sources: number) => string;
    readonly none: string;
    readonly incomplete: (faulty: number, sources: number) => string;
    readonly states: Readonly<Record<SourceState, string>>;
    readonly gap: (bytes: string) => string;
    readonly suppressed: (count: string) => string;
    readonly unheard: (since: string) => string;
    readonly unparsed: (count: string) => string;
    readonly lines: (count: string) => string;
    readonly at: (since: string, until: string) => string;
  };
  readonly messages: {
    readonly title: string;
    readonly fate: string;
    readonly anyFate: string;
    readonly count: (count: string, atLeast: boolean) => string;
    readonly one: string;
    readonly loaded: (count: string) => string;
    readonly columns: Readonly<
      Record<'fate' | 'time' | 'from' | 'to' | 'size' | 'node' | 'queueId' | 'reason', string>
    >;
    readonly more: (count: string) => string;
    readonly emptySender: string;
    readonly unknown: string;
    readonly copy: string;
    readonly copiedRows: (count: string) => string;
    readonly empty: string;
    readonly emptyText: string;
    readonly widen: (range: string) => string;
    readonly clear: string;
    readonly end: (count: string) => string;
    readonly bound: (count: string) => string;
    readonly incomplete: string;
    readonly open: (from: string, to: string) => string;
  };
  readonly story: {
    readonly title: string;
    readonly summary: (parts: readonly string[], duration: string | undefined) => string;
    readonly recipientsOf: (fate: string, count: number, total: number) => string;
    readonly still: string;
    readonly from: string;
    readonly to: string;
    readonly size: string;
    readonly messageId: string;
    readonly traceId: string;
    readonly began: string;
    readonly client: string;
    readonly emptySender: string;
    readonly journey: string;
    readonly phases: Readonly<Record<'before' | 'queue' | 'wait' | 'connect' | 'transmit', string>>;
    readonly roles: Readonly<Record<LegRole, string>>;
    readonly noQueueId: string;
    readonly broken: string;
    readonly linear: string;
    readonly folded: (count: string, duration: string) => string;
    readonly attemptsOmitted: (count: string) => string;
    readonly attempts: (count: number) => string;
    readonly now: string;
    readonly table: Readonly<Record<'lane' | 'what' | 'start' | 'took' | 'outcome' | 'relay', string>>;
    readonly recipients: string;
    readonly columns: Readonly<Record<'fate' | 'to' | 'where' | 'reason' | 'attempts' | 'time', string>>;
    readonly orig: (address: string) => string;
    readonly sieve: Readonly<Record<string, string>>;
    readonly filter: string;
    readonly showAll: (count: string) => string;
    readonly shown: (shown: string, count: string) => string;
    readonly recipientsOmitted: (count: string) => string;
    readonly lines: string;
    readonly linesHint: string;
    readonly linesOmitted: (count: string) => string;
    readonly lineMore: (size: string) => string;
    readonly copyLines: string;
    readonly notices: string;
    readonly noticeOf: string;
    readonly notFound: string;
    readonly notFoundText: string;
    readonly axis: string;
  };
  readonly report: ReportWords;
  readonly live: {
    readonly title: string;
    readonly text: string;
    readonly node: string;
    readonly anyNode: string;
    readonly show: string;
    readonly groups: Readonly<Record<TailGroup, string>>;
    readonly pause: string;
    readonly resume: string;
    readonly paused: (count: string) => string;
    readonly skipped: (count: string) => string;
    readonly kept: (count: string, max: string) => string;
    readonly waiting: string;
    readonly waitingText: string;
    readonly follow: string;
    readonly log: string;
  };
  readonly notFound: Readonly<Record<'title' | 'text' | 'home', string>>;
};
