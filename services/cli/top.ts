// One table of what leads right now, out of a report.
import type { Report } from '../protocol/report.ts';
import { describeReport, type Section } from './report-sections.ts';
import { type Column, renderTable, type Style, terminalSafe } from './terminal.ts';

/** What `mailward top` can show, and the titles of the report's sections that it shows. */
export const topSubjects = {
  senders: ['Senders'],
  recipients: ['Recipients'],
  clients: ['Clients'],
  domains: ['Delivery by domain'],
  providers: ['Delivery by provider'],
  reasons: ['Rejected because', 'Deferred because', 'Bounced because'],
  users: ['Users that sent over SASL', 'Failed sign-ins by user'],
} as const satisfies Record<string, readonly string[]>;
export type TopSubject = keyof typeof topSubjects;

export const isTopSubject = (text: string): text is TopSubject => Object.hasOwn(topSubjects, text);

type Answer = {
  readonly report: Report;
  readonly completeness: { readonly complete: boolean; readonly sentence: string };
};

/** The totals in a line, then the tables of the subject. */
export function renderTop(
  answer: Answer,
  subject: TopSubject,
  minutes: number,
  style: Style,
  widthMax: number,
): string {
  const { totals, domain } = answer.report;
  const described = describeReport(answer.report, answer.completeness);
  const titles: readonly string[] = topSubjects[subject];
  const sections = described.sections.filter(({ title }) => titles.includes(title));
  const scope = domain === undefined ? '' : ` of ${terminalSafe(domain)}`;
  const counts = (['received', 'delivered', 'deferred', 'bounced', 'rejected'] as const)
    .map((name) => `${totals[name]} ${name}`)
    .join(', ');
  const whole = answer.completeness.complete
    ? ''
    : `\n${style.alarm(`The log may not tell all of it: ${terminalSafe(answer.completeness.sentence)}`)}`;
  const head = `${style.strong(`The last ${minutes} minutes${scope}`)}: ${counts}.${whole}`;
  const tables = sections.map((section) => renderSection(section, style, widthMax));
  return `${[head, ...(tables.length === 0 ? [`There were no ${subject}.`] : tables)].join('\n\n')}\n`;
}

function renderSection({ title, columns, rows }: Section, style: Style, widthMax: number): string {
  const last = columns.length - 1;
  const headed: Column[] = columns.map((name, at) => ({ title: name, align: at < last ? 'right' : 'left' }));
  return `${style.strong(title)}\n${renderTable(headed, rows, widthMax)}`;
}
