import { type KeyObject, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Refusal } from '../../protocol/action.ts';
import { commandText, type SignedCommand, signedCommandSchema, trustLimits } from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import { writeDurably } from '../../runtime/durable-file.ts';

/** What an agent remembers of commands, so that none is taken twice, also not after a restart. */
const memorySchema = z.object({
  version: z.literal(1),
  /** The highest that was heard. */
  epoch: z.number(),
  seen: z.array(z.object({ nonce: z.string(), notAfter: z.number() })).max(trustLimits.commandsRememberedMax),
});
type Memory = z.infer<typeof memorySchema>;

export type Verdict =
  | { readonly ok: true; readonly command: SignedCommand }
  | { readonly ok: false; readonly refusal: Refusal; readonly detail: string };

/**
 * Judges commands for this node: control's signature, the node, the epoch, the end, the nonce, in this order. A good one is
 * remembered on disk before the verdict is given. Rejects when it cannot be remembered, and then it must not be run.
 */
export function createCommandVerifier(
  options: { readonly node: string; readonly dataDir: string },
  deps: { readonly clock: Pick<Clock, 'now'>; readonly readKey: () => KeyObject },
): { readonly verify: (payload: unknown) => Promise<Verdict> } {
  const { node, dataDir } = options;
  const { clock, readKey } = deps;
  const file = join(dataDir, 'trust', 'commands.json');
  let memory: Memory | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function judge(payload: unknown): Promise<Verdict> {
    const parsed = signedCommandSchema.safeParse(payload);
    if (!parsed.success) return no('bad-signature', 'It is no signed command.');
    const { signature, ...command } = parsed.data;
    if (!verify(null, Buffer.from(commandText(command)), readKey(), Buffer.from(signature, 'base64url')))
      return no('bad-signature', 'The signature is not of the control that this node has joined.');
    if (command.node !== node) return no('wrong-node', `The command is for ${command.node}, and this is ${node}.`);
    memory ??= await readMemory(file);
    const now = clock.now();
    if (command.epoch < memory.epoch)
      return no('stale-epoch', 'The command is of an earlier start of control than another that was heard since.');
    const overMs = now - command.notAfter;
    if (overMs > trustLimits.clockSkewMs || -overMs > trustLimits.commandLifeMsMax + trustLimits.clockSkewMs)
      return no(
        'expired',
        `The command is good until ${new Date(command.notAfter).toISOString()}, and it is not that time here.`,
      );
    // Older nonces are refused by their end alone.
    const seen = memory.seen.filter(({ notAfter }) => now - notAfter <= trustLimits.clockSkewMs);
    if (seen.some(({ nonce }) => nonce === command.nonce)) return no('reused', 'The command was taken before.');
    if (seen.length >= trustLimits.commandsRememberedMax)
      return no('overloaded', `${seen.length} commands within their lives are as many as this node remembers.`);
    const next: Memory = {
      version: 1,
      epoch: command.epoch,
      seen: [...seen, { nonce: command.nonce, notAfter: command.notAfter }],
    };
    await writeDurably(file, JSON.stringify(next), 0o600);
    memory = next;
    return { ok: true, command: parsed.data };
  }

  return {
    // One after another, so that two copies of a command do not pass side by side.
    verify: (payload) => {
      const verdict = last.then(() => judge(payload));
      last = verdict.catch(() => {});
      return verdict;
    },
  };
}

const no = (refusal: Refusal, detail: string): Verdict => ({ ok: false, refusal, detail });

async function readMemory(file: string): Promise<Memory> {
  try {
    return memorySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, epoch: 0, seen: [] };
    throw error;
  }
}
