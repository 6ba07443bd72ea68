import type { NodeStateWire, OverviewWire } from '../../../protocol/wire.ts';
import { TraceLine } from '../../charts/trace-line.tsx';
import { useConsole } from '../../parts/console-context.ts';
import { NodeMark } from '../../parts/marks.tsx';
import { Link } from '../../parts/scoped-link.tsx';
import { Inert } from '../../parts/text.tsx';
import { paths } from '../../paths.ts';

/** Agents report every few seconds; less than this is no age. */
const justNowMs = 5000;

function NodeRow({ node, overview }: { readonly node: NodeStateWire; readonly overview: OverviewWire }) {
  const { words, format } = useConsole();
  const heardAt = Date.parse(node.lastHeardAt);
  // The server's clock says how long ago, so a browser whose clock is wrong does not.
  const silentMs = Math.max(0, Date.parse(overview.now) - heardAt);
  const ago = silentMs < justNowMs ? words.overview.justNow : words.overview.ago(format.duration(silentMs));
  const { columns, nodeSentences } = words.overview;
  const why = node.state === 'up' ? upSentence() : nodeSentences[node.state](format.duration(silentMs));
  function upSentence(): string | undefined {
    switch (node.reason?.code) {
      case 'agent-starting':
        return nodeSentences.starting;
      case 'agent-no-sources':
        return nodeSentences.noSources;
      case 'agent-behind':
        return nodeSentences.behind(format.bytes(node.lagBytes));
      default:
        return undefined;
    }
  }
  return (
    <tr data-row>
      <td>
        <Link className="row-link" to={paths.messages({ q: `node:${node.node}` })}>
          <Inert text={node.node} charactersMax={80} />
        </Link>
      </td>
      <td data-label={columns.state}>
        <NodeMark state={node.state} />
        {why === undefined ? null : <span className="muted small why">{why}</span>}
      </td>
      <td className="number" data-label={columns.lag}>
        {node.lagBytes === 0 ? words.overview.noLag : format.bytes(node.lagBytes)}
      </td>
      <td className="number" data-label={columns.lastHeard}>
        <time dateTime={node.lastHeardAt} title={format.utc(heardAt)}>
          {ago}
        </time>
      </td>
      <td className="number" data-label={columns.sources}>
        <a className="above" href="#completeness">
          {format.integer(node.sources)}
        </a>
      </td>
      <td data-label={columns.flow}>
        <TraceLine values={(overview.flowByNode[node.node] ?? []).map((point) => point.lines)} />
      </td>
      <td className="muted" data-label={columns.mode}>
        {words.overview.modes[node.mode]}
      </td>
    </tr>
  );
}

export function NodesSection({ overview }: { readonly overview: OverviewWire }) {
  const { words } = useConsole();
  const { columns } = words.overview;
  return (
    <section aria-labelledby="nodes-title">
      <div className="section-head">
        <h2 id="nodes-title">{words.overview.nodes}</h2>
      </div>
      {overview.nodes.length === 0 ? (
        <p>{words.overview.noNodes}</p>
      ) : (
        <table className="nodes">
          <thead>
            <tr>
              <th scope="col">{columns.node}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col" className="number">
                {columns.lag}
              </th>
              <th scope="col" className="number">
                {columns.lastHeard}
              </th>
              <th scope="col" className="number">
                {columns.sources}
              </th>
              <th scope="col">{columns.flow}</th>
              <th scope="col">{columns.mode}</th>
            </tr>
          </thead>
          <tbody>
            {overview.nodes.map((node) => (
              <NodeRow key={node.node} node={node} overview={overview} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
