// Commands from an operator through control to an agent's host, between real processes: signed, allowed, executed, told. The
// action is a healing of what is not on, which changes nothing on this machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endAll, type RealProcess } from './real-process.ts';
import { type Answer, askTls, createTrustSite, type TrustSite } from './trust-site.ts';

const inTime = { timeout: 40_000, interval: 100 };
let folder = '';
let site: TrustSite;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-commands-'));
  site = createTrustSite(folder);
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const heal = (fault: string) => ({ do: { action: 'fault-heal', parameters: { fault } } });
/** Through the paths of trust, which lie beside those of nodes. */
const act = (control: RealProcess, node: string, body: unknown): Promise<Answer> =>
  site.operate(control, 'POST', `/../nodes/${node}/actions`, body);

async function startAgent(control: RealProcess, node: string, config: string): Promise<RealProcess> {
  await site.joinNode(control, node);
  const file = join(folder, `${node}.yaml`);
  writeFileSync(file, config);
  const agent = await site.startAgent(node, join(folder, 'mail.log'), ['--config', file]);
  await vi.waitFor(async () => {
    const { json } = await askTls(`${control.url}/api/v1/nodes`);
    expect(JSON.stringify(json)).toContain(`"node":"${node}"`);
  }, inTime);
  return agent;
}

test('what a node allows is executed and told, also by a control that was started anew', async () => {
  const control = await site.startControl();
  const agent = await startAgent(control, 'mx1', "actions: { allow: ['fault:rspamd-killed'] }\n");
  expect((await act(control, 'mx1', heal('rspamd-killed'))).json).toMatchObject({ node: 'mx1', state: 'done' });
  const { json } = await askTls(`${control.url}/api/v1/nodes`);
  expect(json).toMatchObject({ nodes: [{ node: 'mx1', mode: 'active' }] });

  await control.end('SIGKILL');
  const second = await site.startControl(control.port);
  await vi.waitFor(
    async () => expect((await act(second, 'mx1', heal('rspamd-killed'))).json).toMatchObject({ state: 'done' }),
    inTime,
  );
  const metrics = await (await fetch(`${agent.url}/metrics`)).text();
  expect(metrics).toContain('mailward_agent_actions_total{action="fault-heal",outcome="done"} 2');
});

test('what a node does not allow is refused, with the reason and counted', async () => {
  const control = await site.startControl();
  const agent = await startAgent(control, 'mx1', "actions: { allow: ['fault:rspamd-killed'] }\n");
  await startAgent(control, 'mx2', '{}\n');
  expect((await act(control, 'mx1', heal('queue-full'))).json).toMatchObject({
    state: 'refused',
    refusal: 'not-allowed',
  });
  expect((await act(control, 'mx2', heal('rspamd-killed'))).json).toMatchObject({
    ...{ state: 'refused', refusal: 'observe-only' },
    detail: expect.stringContaining('only observes'),
  });
  const metrics = await (await fetch(`${agent.url}/metrics`)).text();
  expect(metrics).toContain('mailward_agent_commands_refused_total{reason="not-allowed"} 1');
});

test('an agent that cannot say whether it takes a command is not said to have let it go', async () => {
  const control = await site.startControl();
  const agent = await startAgent(control, 'mx1', "actions: { allow: ['fault:rspamd-killed'] }\n");
  process.kill(agent.pid, 'SIGSTOP');
  const asked = await act(control, 'mx1', { ...heal('rspamd-killed'), waitMs: 100 }).finally(() =>
    process.kill(agent.pid, 'SIGCONT'),
  );
  expect(asked.json).toMatchObject({ state: 'unknown', detail: expect.stringContaining('It may have been taken') });
  const done = 'mailward_agent_actions_total{action="fault-heal",outcome="done"} 1';
  await vi.waitFor(async () => expect(await (await fetch(`${agent.url}/metrics`)).text()).toContain(done), inTime);
});

test('only an operator may ask, for a node that is connected, in words that are understood', async () => {
  const control = await site.startControl();
  const url = `${control.url}/api/v1/nodes/mx1/actions`;
  expect((await askTls(url, { method: 'POST', body: heal('queue-full') })).status).toBe(403);
  expect((await act(control, 'mx1', heal('queue-full'))).json).toMatchObject({ status: 502, code: 'unreachable' });
  expect((await act(control, 'mx1', { do: { action: 'shell', parameters: {} } })).status).toBe(400);
});
