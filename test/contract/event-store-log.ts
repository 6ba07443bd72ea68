// The same log every time, cut into batches as three nodes would send it.
import { generateDefaults, generateLog } from '../bench/generate-log.ts';
import { type Batch, cutIntoBatches } from './event-store-batches.ts';

export function generatedLines(lines: number): { node: string; text: string }[] {
  const all: { node: string; text: string }[] = [];
  generateLog({ ...generateDefaults, lines }, (chunk) => {
    for (const text of chunk.split('\n'))
      if (text !== '') all.push({ node: text.slice(16, text.indexOf(' ', 16)), text });
  });
  return all;
}

export const generatedBatches = (lines: number): Batch[] => cutIntoBatches(generatedLines(lines), 24 * 1024);
