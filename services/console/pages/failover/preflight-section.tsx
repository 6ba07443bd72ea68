// What each voter finds when it is asked to check, and what every kind of cut would do. Asked for, never by itself: it measures.
import { useState } from 'react';
import type { FailoverGroupWire, FailoverPreflightWire, PreflightCheckWire } from '../../../protocol/wire.ts';
import { type ApiError, api } from '../../api/client.ts';
import { toApiError } from '../../api/resource.ts';
import { useConsole } from '../../parts/console-context.ts';
import { type Look, Mark } from '../../parts/marks.tsx';
import { Failure, Inert, Instant } from '../../parts/text.tsx';
import { failoverWords } from '../../words/failover-words.ts';

const gradeLooks: Readonly<Record<PreflightCheckWire['grade'], Look>> = {
  good: { shape: 'disc', tone: 'blue' },
  warning: { shape: 'triangle', tone: 'orange' },
  fault: { shape: 'cross', tone: 'red' },
  unknown: { shape: 'dashes', tone: 'grey' },
};
const order = ['fault', 'warning', 'unknown', 'good'] as const;

function Answer({ answer }: { readonly answer: FailoverPreflightWire['answers'][number] }) {
  const { language } = useConsole();
  const said = failoverWords[language];
  const checks = answer.preflight?.checks ?? [];
  const noted = order.flatMap((grade) => checks.filter((check) => check.grade === grade && grade !== 'good'));
  const good = checks.filter((check) => check.grade === 'good');
  return (
    <div className="preflight-answer" data-row tabIndex={-1}>
      <h4>
        <Inert text={answer.node} charactersMax={80} />
      </h4>
      <ul>
        {answer.preflight === null ? (
          <li className="preflight-check">
            <Mark look={gradeLooks.unknown} word={said.grades.unknown} />
            <Inert text={answer.silence} charactersMax={500} />
          </li>
        ) : null}
        {noted.map((check) => (
          <li className="preflight-check" key={`${check.name} ${check.sentence}`}>
            <Mark look={gradeLooks[check.grade]} word={said.grades[check.grade]} />
            <span>
              <Inert text={`${said.said(check.name)}: ${said.said(check.sentence)}`} charactersMax={500} />
            </span>
          </li>
        ))}
        {good.length === 0 ? null : (
          <li className="preflight-check">
            <Mark look={gradeLooks.good} word={said.grades.good} />
            {noted.length === 0 ? (
              said.allGood(good.length)
            ) : (
              <Inert text={[...new Set(good.map((check) => check.name))].join(', ')} charactersMax={500} />
            )}
          </li>
        )}
      </ul>
    </div>
  );
}

export function PreflightSection({ group }: { readonly group: FailoverGroupWire }) {
  const { language } = useConsole();
  const said = failoverWords[language];
  const [isMeasuring, setIsMeasuring] = useState(false);
  const [result, setResult] = useState<FailoverPreflightWire>();
  const [error, setError] = useState<ApiError>();
  const measure = (): void => {
    setIsMeasuring(true);
    setError(undefined);
    api
      .failoverPreflight(group.id, new AbortController().signal)
      .then(setResult, (fault: unknown) => setError(toApiError(fault)))
      .finally(() => setIsMeasuring(false));
  };
  const cuts = result?.answers.find((answer) => answer.preflight !== null)?.preflight?.cuts ?? [];
  const name = group.group;
  return (
    <div className="group-part">
      <h3>{said.preflight}</h3>
      <p className="preflight-ask">
        <button type="button" disabled={isMeasuring} onClick={measure}>
          {isMeasuring ? said.measuring : said.measure}
        </button>
        <span className="muted small" role="status">
          {result === undefined ? (
            said.preflightText
          ) : (
            <>
              {said.measuredAt('')}
              <Instant at={Date.parse(result.now)} />
            </>
          )}
        </span>
      </p>
      {error === undefined ? null : <Failure error={error} retry={measure} />}
      {result === undefined ? null : (
        <div className="preflight-answers">
          {result.answers.map((answer) => (
            <Answer key={answer.node} answer={answer} />
          ))}
        </div>
      )}
      {cuts.length === 0 ? null : (
        <table className="cuts">
          <caption>{said.cuts}</caption>
          <thead>
            <tr>
              <th scope="col">{said.cutColumns.cut}</th>
              <th scope="col">{said.cutColumns.outcome}</th>
            </tr>
          </thead>
          <tbody>
            {cuts.map(({ cut, outcome }) => (
              <tr key={cut}>
                <td>
                  <Inert text={said.said(cut)} />
                </td>
                <td>
                  <Inert text={said.said(outcome)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="muted small change-note">
        {said.changeText}
        <code>mailward failover voters add 4 --group {name}</code>
        <code>mailward failover retime 3000 --group {name}</code>
      </p>
    </div>
  );
}
