import { tokenMadeSchema } from '../protocol/trust.ts';
import { askOperator } from './ask-operator.ts';
import { writeHostFile } from './host-files.ts';
import { type LabPaths, upperFolder } from './lab-paths.ts';
import { joinTokenFile } from './roles/agent.ts';
import { hostsOf, type LabPlan } from './topology.ts';

/** Gives every mail host, before it boots, the token with which its agent joins. */
export async function giveJoinTokens(paths: LabPaths, plan: LabPlan, pageUrl: string): Promise<void> {
  const host = hostsOf(plan, 'control')[0]?.name ?? '';
  for (const { name } of hostsOf(plan, 'mail')) {
    const { token } = await askOperator(paths, { host, pageUrl }, '/api/v1/trust/tokens', {
      body: { node: name },
      answer: tokenMadeSchema,
    });
    writeHostFile(upperFolder(paths, name), { path: joinTokenFile, text: `${token}\n`, mode: 0o600 });
  }
}
