// Orders to a lease group from an operator through control to the owner's lease process: signed, allowed, carried out, on record.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { auditSchema, type FailoverOrder, failoverGroupAnswerSchema } from '../../services/protocol/failover.ts';
import { createCluster, type LeaseCluster, theHolder } from '../lease/lease-cluster.ts';
import { endAll, type RealProcess } from './real-process.ts';
import { askTls, createTrustSite, type TrustSite } from './trust-site.ts';

const inTime = { timeout: 40_000, interval: 100 };
let folder = '';
let cluster: LeaseCluster | undefined;
afterEach(async () => {
  await endAll();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Wish = Pick<FailoverOrder, 'do'> & { readonly reason?: string; readonly node?: string };
/** Through the paths of trust, which lie beside. */
const order = (site: TrustSite, control: RealProcess, wish: Wish) =>
  site.operate(control, 'POST', '/../failover/groups/mail/orders', wish);

test('a voter is removed by the owner, as its node allows, and who had it done is on record', async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-orders-'));
  const site = createTrustSite(folder);
  cluster = await createCluster(4, { advertMs: 500 });
  await Promise.all(cluster.nodes.map((node) => node.start()));
  const control = await site.startControl();
  for (const node of cluster.nodes) {
    const name = `mx${node.number}`;
    await site.joinNode(control, name);
    const file = join(folder, `${name}.yaml`);
    const lease = { config: join(node.folder, 'lease.yaml'), socket: join(node.folder, 'run', 'status.sock') };
    const allow = ['lease:voters'];
    writeFileSync(file, JSON.stringify({ lease, actions: { allow } }));
    await site.startAgent(name, join(folder, 'mail.log'), ['--config', file]);
  }
  const holder = await theHolder(cluster.nodes);
  const readGroup = async () =>
    failoverGroupAnswerSchema.parse((await askTls(`${control.url}/api/v1/failover/groups/mail`)).json).group;
  await vi.waitFor(async () => {
    const { votes, owner } = await readGroup();
    expect([votes.heard, owner?.node]).toEqual([4, `mx${holder.number}`]);
  }, inTime);
  const victim = holder.number === 4 ? 3 : 4;

  const stranger = `${control.url}/api/v1/failover/groups/mail/orders`;
  const removal = { do: { order: 'remove-voter', voter: victim }, reason: 'The rack is moved' } as const;
  expect((await askTls(stranger, { method: 'POST', body: removal })).status).toBe(403);

  await vi.waitFor(async () => {
    const { json } = await order(site, control, removal);
    expect(json).toMatchObject({
      node: `mx${holder.number}`,
      state: 'done',
      output: expect.stringMatching(/^One voter/),
    });
  }, inTime);
  await vi.waitFor(async () => expect((await readGroup()).votes.voters).toBe(3), inTime);

  const retime = await order(site, control, { do: { order: 'retime', leaseMs: 5000 } });
  expect(retime.json).toMatchObject({
    state: 'refused',
    refusal: 'not-allowed',
    detail: expect.stringContaining('lease:retime'),
  });
  const other = cluster.nodes.find((node) => node !== holder && node.number !== victim);
  const wrong = await order(site, control, { do: { order: 'add-voter', voter: victim }, node: `mx${other?.number}` });
  expect(wrong.json).toMatchObject({ state: 'failed', detail: 'Refused: only the holder changes the voter set.' });
  expect((await order(site, control, { do: { order: 'add-voter', voter: 9 }, node: 'mx9' })).json).toMatchObject({
    ...{ status: 400, detail: 'mx9 is no voter of mail' },
  });

  expect((await askTls(`${control.url}/api/v1/audit`)).status).toBe(403);
  const { records } = auditSchema.parse((await site.operate(control, 'GET', '/../audit')).json);
  expect(records.slice(0, 2).map(({ action, outcome }) => [action, outcome])).toEqual([
    ['add-voter', 'failed'],
    ['retime', 'refused'],
  ]);
  expect(records.find(({ outcome }) => outcome === 'done')).toMatchObject({
    ...{ actor: 'operator', action: 'remove-voter', node: `mx${holder.number}`, reason: 'The rack is moved' },
    parameters: { group: 'mail', voter: victim },
  });
});
