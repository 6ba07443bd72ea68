// Every voter's own word: for whom it votes, whether it may hold and why not, its guard, and how old the word is.
import type { FailoverGroupWire, FailoverVoterWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { type Look, Mark } from '../../parts/marks.tsx';
import { Inert } from '../../parts/text.tsx';
import { type FailoverWords, failoverWords } from '../../words/failover-words.ts';

type VoteState = keyof FailoverWords['votesFor'];
const voteLooks: Readonly<Record<VoteState, Look>> = {
  owner: { shape: 'disc', tone: 'blue' },
  other: { shape: 'triangle', tone: 'orange' },
  nobody: { shape: 'ring', tone: 'grey' },
  mute: { shape: 'pause', tone: 'orange' },
  learning: { shape: 'pause', tone: 'orange' },
  silenced: { shape: 'cross', tone: 'red' },
  silent: { shape: 'dashes', tone: 'grey' },
};

function voteOf({ word }: FailoverVoterWire, owner: number | undefined): VoteState {
  if (word === null || word.isStale) return 'silent';
  if (word.vote === 'mute' || word.vote === 'learning' || word.vote === 'silenced') return word.vote;
  if (word.owner === null) return 'nobody';
  return word.owner === owner ? 'owner' : 'other';
}

function Guard({ voter }: { readonly voter: FailoverVoterWire }) {
  const { language } = useConsole();
  const said = failoverWords[language];
  const { word, isWitness } = voter;
  if (isWitness) return <span className="muted">–</span>;
  if (word === null || word.isStale) return <Mark look={voteLooks.silent} word={said.guard.unknown} />;
  const { guard } = word;
  const isOpen = guard.openMs !== null;
  return (
    <>
      <Mark
        look={isOpen ? { shape: 'disc', tone: 'blue' } : { shape: 'bar', tone: 'grey' }}
        word={isOpen ? said.guard.open : said.guard.closed}
      />
      <span className="muted small why">
        {said.guardKinds[guard.kind] ?? guard.kind}
        {guard.lost === 0 ? '' : ` · ${said.guardLost(guard.lost)}`}
      </span>
    </>
  );
}

function MayHold({ voter }: { readonly voter: FailoverVoterWire }) {
  const { language } = useConsole();
  const said = failoverWords[language];
  const { unfit, isWitness } = voter;
  if (isWitness) return <span className="muted">{said.unfit.witness}</span>;
  if (unfit.length === 0) return <Mark look={{ shape: 'disc', tone: 'blue' }} word={said.mayHold} />;
  return (
    <ul className="unfit">
      {unfit.map(({ code, detail }) => (
        <li key={`${code} ${detail}`}>
          <Mark look={code === 'silent' ? voteLooks.silent : { shape: 'cross', tone: 'red' }} word={said.unfit[code]} />
          {detail === '' || code === 'not-voting' ? null : (
            <span className="muted small why">
              <Inert text={said.said(detail)} charactersMax={300} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function VoterRow({
  voter,
  group,
  now,
}: {
  readonly voter: FailoverVoterWire;
  readonly group: FailoverGroupWire;
  readonly now: number;
}) {
  const { words, language, format } = useConsole();
  const said = failoverWords[language];
  const { columns } = said;
  const { word } = voter;
  const vote = voteOf(voter, group.owner?.number);
  const heardAt = word === null ? undefined : Date.parse(word.heardAt);
  const ago = heardAt === undefined ? '' : format.duration(Math.max(0, Math.round((now - heardAt) / 1000) * 1000));
  const labels = [voter.site, voter.rack, voter.hypervisor].filter((label) => label !== undefined);
  const marks = [
    voter.isOwner ? said.roles.owner : undefined,
    voter.isWitness ? said.roles.witness : undefined,
    voter.isVoter ? undefined : said.roles.notVoter,
  ].filter((mark) => mark !== undefined);
  return (
    <tr className="voter-row" data-row tabIndex={-1} data-stale={word?.isStale ?? true}>
      <th scope="row" className="voter-name">
        <span className="voter-number muted">{voter.number}</span>{' '}
        <strong>
          <Inert text={voter.node} charactersMax={80} />
        </strong>
        {marks.map((mark) => (
          <span key={mark} className="tag">
            {mark}
          </span>
        ))}
        <span className="muted small why">
          <Inert text={[voter.endpoint, ...labels].join(' · ')} charactersMax={200} />
        </span>
      </th>
      <td data-label={columns.vote}>
        <Mark look={voteLooks[vote]} word={said.votesFor[vote]} />
        {word === null || word.setVersion === group.setVersion ? null : (
          <span className="muted small why">{said.voterSet(word.setVersion)}</span>
        )}
      </td>
      <td data-label={columns.fit}>
        <MayHold voter={voter} />
      </td>
      <td data-label={columns.guard}>
        <Guard voter={voter} />
      </td>
      <td className="number" data-label={columns.priority}>
        {voter.isWitness || word === null ? '–' : format.integer(word.priority)}
      </td>
      <td className="number" data-label={columns.heard}>
        {heardAt === undefined ? (
          <span className="muted">{said.never}</span>
        ) : (
          <time dateTime={word?.heardAt} title={format.utc(heardAt)} className={word?.isStale ? 'muted' : ''}>
            {word?.isStale ? said.stale(ago) : words.overview.justNow}
          </time>
        )}
      </td>
    </tr>
  );
}

export function VotersTable({ group, now }: { readonly group: FailoverGroupWire; readonly now: number }) {
  const { language } = useConsole();
  const { voters: title, columns } = failoverWords[language];
  return (
    <table className="voters">
      <caption className="unseen">{title}</caption>
      <thead>
        <tr>
          <th scope="col">{columns.node}</th>
          <th scope="col">{columns.vote}</th>
          <th scope="col">{columns.fit}</th>
          <th scope="col">{columns.guard}</th>
          <th scope="col" className="number">
            {columns.priority}
          </th>
          <th scope="col" className="number">
            {columns.heard}
          </th>
        </tr>
      </thead>
      <tbody>
        {group.voters.map((voter) => (
          <VoterRow key={voter.number} voter={voter} group={group} now={now} />
        ))}
      </tbody>
    </table>
  );
}
