// One lease group: its state in a sentence, the facts, why, its voters, its moves, and what can be checked before it matters.
import type { FailoverGroupWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { SeverityShape } from '../../parts/marks.tsx';
import { Inert, Instant } from '../../parts/text.tsx';
import { visible } from '../../visible.ts';
import { failoverWords } from '../../words/failover-words.ts';
import { MovesSection } from './moves-section.tsx';
import { PreflightSection } from './preflight-section.tsx';
import { VotersTable } from './voters-table.tsx';

/** What was left of the lease when the holder last spoke. It is renewed all the time, so it is drawn and never moves by itself. */
function LeaseLeft({ group }: { readonly group: FailoverGroupWire }) {
  const { language, format } = useConsole();
  const said = failoverWords[language];
  const { leaseLeftMs, terms } = group;
  if (leaseLeftMs === null) return <span className="muted">{said.noLease}</span>;
  const share = Math.min(1, leaseLeftMs / terms.holdMs);
  return (
    <span className="lease-left">
      <svg width="96" height="8" aria-hidden="true">
        <rect className="lease-track" width="96" height="8" rx="2" />
        <rect className="lease-rest" width={Math.round(96 * share)} height="8" rx="2" />
      </svg>
      {said.left(format.duration(leaseLeftMs), format.duration(terms.holdMs))}
    </span>
  );
}

function Facts({ group }: { readonly group: FailoverGroupWire }) {
  const { language, format } = useConsole();
  const said = failoverWords[language];
  const { facts } = said;
  const { owner, votes, damping, terms, bounds } = group;
  return (
    <dl className="facts">
      <div>
        <dt>{facts.addresses}</dt>
        <dd className="mono">
          {group.addresses.map((address) => (
            <span key={address} className="address">
              <Inert text={address} charactersMax={80} />
            </span>
          ))}
        </dd>
      </div>
      <div>
        <dt>{facts.owner}</dt>
        <dd>
          {owner === null ? (
            <span className="muted">{group.sentence.code === 'unheard' ? said.ownerUnknown : said.nobody}</span>
          ) : (
            <>
              <strong>
                <Inert text={owner.node} charactersMax={80} />
              </strong>{' '}
              <span className="muted small">
                <Instant at={Date.parse(owner.since)} form="day" />
              </span>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{facts.epoch}</dt>
        <dd className="mono">{owner === null ? '–' : owner.epoch}</dd>
      </div>
      <div>
        <dt>{facts.lease}</dt>
        <dd>
          <LeaseLeft group={group} />
        </dd>
      </div>
      <div>
        <dt>{facts.votes}</dt>
        <dd>{said.votes(votes.heard, votes.voters, votes.quorum, votes.agree)}</dd>
      </div>
      <div>
        <dt>{facts.damping}</dt>
        <dd>{said.damping(damping.moves, damping.budget, format.duration(damping.windowMs))}</dd>
      </div>
      <div>
        <dt>{facts.terms}</dt>
        <dd>
          {said.terms(
            format.duration(terms.advertMs),
            format.duration(terms.leaseMs),
            format.duration(terms.holdMs),
            format.duration(terms.freezeMs),
          )}
        </dd>
      </div>
      <div>
        <dt>{facts.bounds}</dt>
        <dd>{said.bounds(format.duration(bounds.coldStartMs), format.duration(bounds.healMs))}</dd>
      </div>
    </dl>
  );
}

export function GroupSection({
  group,
  now,
  revision,
}: {
  readonly group: FailoverGroupWire;
  readonly now: number;
  readonly revision: number;
}) {
  const { language, format } = useConsole();
  const said = failoverWords[language];
  const { sentence, id, whyNode, why } = group;
  const teller = group.voters.find(({ node }) => node === whyNode)?.word;
  const saidAgo = format.duration(teller == null ? 0 : Math.max(0, now - Date.parse(teller.heardAt)));
  const args = Object.fromEntries(
    Object.entries(sentence.args).map(([name, value]) => [
      name,
      typeof value === 'string' ? visible(value, 80) : value,
    ]),
  );
  return (
    <section aria-labelledby={`group-${id}`} className="lease-group" data-state={sentence.code}>
      <div className="group-head" data-row>
        <h2 id={`group-${id}`} tabIndex={-1}>
          <Inert text={group.group} charactersMax={80} />
        </h2>
        <p className="group-state" role="status">
          <SeverityShape severity={sentence.severity} sizePx={14} />
          <span>{said.sentences[sentence.code](args)}</span>
        </p>
      </div>
      <Facts group={group} />
      <VotersTable group={group} now={now} />
      {whyNode === null || why.length === 0 ? null : (
        <div className="group-why">
          <h3>
            {teller?.isStale === true ? said.whyThen(visible(whyNode, 80), saidAgo) : said.why(visible(whyNode, 80))}
          </h3>
          <ul>
            {why.map((line) => (
              <li key={line}>
                <Inert text={said.said(line)} charactersMax={500} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <MovesSection group={group} now={now} revision={revision} />
      <PreflightSection group={group} />
    </section>
  );
}
