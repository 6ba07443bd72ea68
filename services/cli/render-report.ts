// A report for the terminal and as a page of HTML. Names in it were written by strangers: nothing of them becomes a control of
// a terminal, or markup.
import type { ReportText, Section } from './report-sections.ts';
import { type Column, renderTable, type Style, terminalSafe } from './terminal.ts';

export function renderReportText(report: ReportText, style: Style, widthMax: number): string {
  const totals = renderTable(
    [{ title: '', align: 'right' }, { title: 'totals' }, { title: '' }],
    report.totals.map(([label, value, remark = '']) => [value, label, remark]),
    widthMax,
  );
  const parts = report.sections.map(
    (section) => `${style.strong(section.title)}\n${renderTable(columnsOf(section), section.rows, widthMax)}`,
  );
  const head = `${style.strong(terminalSafe(report.title))}\n${report.notes.map(terminalSafe).join('\n')}`;
  return `${[head, totals, ...parts].join('\n\n')}\n`;
}

function columnsOf({ columns }: Section): Column[] {
  return columns.map((title, at) => ({ title, align: at < columns.length - 1 ? 'right' : 'left' }));
}

const cellStyle = 'padding:2px 10px 2px 0;border-bottom:1px solid #e3e6ea;vertical-align:top;';
const numberStyle = `${cellStyle}text-align:right;white-space:nowrap;`;
const nameStyle = `${cellStyle}text-align:left;word-break:break-word;`;

/** One document without scripts, images or anything from elsewhere; styles stand at the elements, as mail readers need them. */
export function renderReportHtml(report: ReportText): string {
  const totals = report.totals.map(
    ([label, value, remark = '']) =>
      `<tr><td style="${numberStyle}"><b>${html(value)}</b></td><td style="${nameStyle}">${html(label)}</td><td style="${nameStyle}">${html(remark)}</td></tr>`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(report.title)}</title>
</head>
<body style="margin:0;padding:20px;font:14px/1.45 system-ui,-apple-system,'Segoe UI',sans-serif;color:#1c2127;background:#ffffff;">
<h1 style="font-size:20px;margin:0 0 8px;">${html(report.title)}</h1>
${report.notes.map((note) => `<p style="margin:0 0 4px;">${html(note)}</p>`).join('\n')}
<h2 style="${headingStyle}">Totals</h2>
<table cellspacing="0" style="border-collapse:collapse;">
${totals.join('\n')}
</table>
${report.sections.map(htmlSection).join('\n')}
</body>
</html>
`;
}

const headingStyle = 'font-size:16px;margin:22px 0 6px;';

function htmlSection({ title, columns, rows }: Section): string {
  const last = columns.length - 1;
  const cells = (row: readonly string[], tag: 'td' | 'th'): string =>
    row
      .map(
        (cell, at) =>
          `<${tag}${tag === 'th' ? ' scope="col"' : ''} style="${at < last ? numberStyle : nameStyle}">${html(cell)}</${tag}>`,
      )
      .join('');
  return `<h2 style="${headingStyle}">${html(title)}</h2>
<table cellspacing="0" style="border-collapse:collapse;">
<thead><tr>${cells(columns, 'th')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')}
</tbody>
</table>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup is text, and what would be invisible or reorder the text shows as an escape. */
const html = (text: string): string => terminalSafe(text).replace(/[&<>"']/g, (char) => entities[char] ?? '');
