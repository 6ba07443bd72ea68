import { type KeyObject, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Refusal } from '../../protocol/action.ts';
import { commandText, type SignedCommand, signedCommandSchema, trustLimits } from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import { writeDurably } from '../../runtime/durable-file.ts';

/** The newest command that was taken, as far as a later start must know of it. */
const rememberedSchema = z.object({ epoch: z.number(), notAfter: z.number() });

export type GateAnswer =
  | { readonly ok: true; readonly command: SignedCommand }
  | { readonly ok: false; readonly refusal: Refusal; readonly detail: string };
export type CommandGate = { readonly check: (payload: unknown) => Promise<GateAnswer> };

/**
 * Lets a command through once, when control has signed it for this node in its present life and it is not over. What was taken
 * is remembered in `dataDir`, so that a start of the agent forgets nothing that could still be played in again.
 */
export async function createCommandGate(
  options: { readonly node: string; readonly dataDir: string; readonly rememberedMax?: number },
  deps: { readonly clock: Clock; readonly readKey: () => KeyObject },
): Promise<CommandGate> {
  const { node, dataDir, rememberedMax = trustLimits.commandsRememberedMax } = options;
  const { clock, readKey } = deps;
  const file = join(dataDir, 'commands.json');
  const before = await readRemembered(file);
  let newest = before;
  let writing = Promise.resolve();
  /** Nonce → the end of its command; what is over need not be remembered. */
  const seen = new Map<string, number>();

  function whyNot(command: SignedCommand): Omit<GateAnswer & { ok: false }, 'ok'> | undefined {
    const now = clock.now();
    const { epoch, nonce, notAfter } = command;
    const signature = Buffer.from(command.signature, 'base64url');
    if (!verify(null, Buffer.from(commandText(command)), readKey(), signature))
      return {
        refusal: 'bad-signature',
        detail: 'The command is not signed by the control that this node has joined.',
      };
    if (command.node !== node)
      return { refusal: 'wrong-node', detail: `The command is for ${command.node}; this is ${node}.` };
    if (notAfter < now)
      return { refusal: 'expired', detail: `The command was good until ${iso(notAfter)}; here it is ${iso(now)}.` };
    if (notAfter > now + trustLimits.commandLifeMsMax + trustLimits.clockSkewMs)
      return {
        refusal: 'bad-action',
        detail: `The command is good until ${iso(notAfter)}, which is longer than any may be.`,
      };
    if (epoch < newest.epoch)
      return { refusal: 'stale-epoch', detail: `The command has epoch ${epoch}; this node has seen ${newest.epoch}.` };
    if (seen.has(nonce) || (epoch === before.epoch && notAfter <= before.notAfter))
      return { refusal: 'reused', detail: 'The command was taken before.' };
    for (const [old, endsAt] of seen) if (endsAt < now) seen.delete(old);
    if (seen.size >= rememberedMax)
      return { refusal: 'overloaded', detail: `${rememberedMax} commands are remembered, which is the most.` };
    return undefined;
  }

  return {
    check: async (payload) => {
      const parsed = signedCommandSchema.safeParse(payload);
      if (!parsed.success) return { ok: false, refusal: 'bad-action', detail: 'The command has not the form of one.' };
      const command = parsed.data;
      const refused = whyNot(command);
      if (refused !== undefined) return { ok: false, ...refused };
      const { epoch, nonce, notAfter } = command;
      seen.set(nonce, notAfter);
      newest = { epoch, notAfter: epoch === newest.epoch ? Math.max(newest.notAfter, notAfter) : notAfter };
      const remembered = JSON.stringify(newest);
      writing = writing.catch(() => {}).then(() => writeDurably(file, remembered, 0o600));
      try {
        await writing;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { ok: false, refusal: 'overloaded', detail: `That it was taken could not be written down: ${why}` };
      }
      return { ok: true, command };
    },
  };
}

/** Nothing where no command was ever taken. A file that cannot be read is an error: without it an old command could pass. */
async function readRemembered(file: string): Promise<z.infer<typeof rememberedSchema>> {
  try {
    return rememberedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { epoch: 0, notAfter: 0 };
    throw error;
  }
}

const iso = (time: number): string => new Date(time).toISOString();
