// Who owns each service address and why: one section a lease group, the groups that need a look first.
import { useSearchParams } from 'react-router';
import type { FailoverGroupWire } from '../../protocol/wire.ts';
import { api } from '../api/client.ts';
import { useResource } from '../api/resource.ts';
import { useRevision } from '../live/revision.ts';
import { useConsole } from '../parts/console-context.ts';
import { Link } from '../parts/scoped-link.tsx';
import { DataAge, Failure, Notice } from '../parts/text.tsx';
import { paths } from '../paths.ts';
import { visible } from '../visible.ts';
import { failoverWords } from '../words/failover-words.ts';
import { GroupSection } from './failover/group-section.tsx';
import '../styles/failover.css';

const refreshMs = 5000;
const urgency = { down: 0, unknown: 1, degraded: 2, ok: 3 } as const satisfies Record<
  FailoverGroupWire['sentence']['severity'],
  number
>;

export function FailoverPage() {
  const { words, language } = useConsole();
  const said = failoverWords[language];
  const [search] = useSearchParams();
  const wanted = search.get('group') ?? '';
  const revision = useRevision(refreshMs, 'failover');
  const resource = useResource('failover', revision, (signal) => api.failover(signal));
  const { data } = resource;
  const groups = (data?.groups ?? [])
    .filter(({ id, group }) => wanted === '' || id === wanted || group === wanted)
    .sort((a, b) => urgency[a.sentence.severity] - urgency[b.sentence.severity]);

  return (
    <>
      <div className="page-head">
        <h1>{words.nav.failover}</h1>
        <DataAge readAt={resource.readAt} />
      </div>
      {resource.error === undefined || data !== undefined ? null : (
        <Failure error={resource.error} retry={() => location.reload()} />
      )}
      {data === undefined ? (
        <p role="status">{resource.error === undefined ? words.loading : ''}</p>
      ) : groups.length === 0 && data.groups.length > 0 ? (
        <Notice title={said.noSuch(visible(wanted, 80))}>
          <p>
            <Link to={paths.failover()}>{said.showAll(data.groups.length)}</Link>
          </p>
        </Notice>
      ) : groups.length === 0 ? (
        <Notice title={said.none}>
          <p>{said.noneText}</p>
          <ol className="first-steps">
            {said.noneSteps.map(([command, what]) => (
              <li className="first-step" key={command}>
                <code>{command}</code>
                <span className="muted">{what}</span>
              </li>
            ))}
          </ol>
        </Notice>
      ) : (
        groups.map((group) => (
          <GroupSection key={group.id} group={group} now={Date.parse(data.now)} revision={revision} />
        ))
      )}
    </>
  );
}
