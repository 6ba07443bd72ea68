// The nodes that were ever heard, over a restart of control: a node that died meanwhile must be missed, not forgotten.
import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { fleetLimits, type KnownNode } from '../fleet/fleet.ts';
import { writeDurably } from '../runtime/durable-file.ts';

const knownNodeSchema = z.object({
  node: z.string().min(1).max(255),
  version: z.string().max(255),
  mode: z.enum(['observe-only', 'active']),
  lastHeardAt: z.number(),
});
const nodeFileSchema = z.object({ nodes: z.array(knownNodeSchema).max(fleetLimits.nodesMax) });

export type NodeFile = {
  /** None where there is no file yet. A file that cannot be understood is put aside as `.unreadable`, and is no reason not to start. */
  readonly read: () => Promise<readonly KnownNode[]>;
  /** Durable when it resolves. */
  readonly write: (nodes: readonly KnownNode[]) => Promise<void>;
};

export function createNodeFile(path: string, deps: { readonly onUnreadable: (error: unknown) => void }): NodeFile {
  return {
    read: async () => {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw error;
      }
      try {
        return nodeFileSchema.parse(JSON.parse(text)).nodes;
      } catch (error) {
        deps.onUnreadable(error);
        await rename(path, `${path}.unreadable`);
        return [];
      }
    },
    write: (nodes) => writeDurably(path, `${JSON.stringify({ nodes })}\n`),
  };
}
