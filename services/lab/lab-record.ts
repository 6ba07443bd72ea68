import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import type { LabPaths } from './lab-paths.ts';
import { planSchema } from './topology.ts';

// What `up` writes down for the commands that follow: the plan and what each host should listen on. What really stands is
// always read from the system (what-stands.ts).

const listenerSchema = z.object({ protocol: z.enum(['tcp', 'udp']), port: z.number() });
const recordSchema = z.object({
  plan: planSchema,
  pageUrl: z.string().optional(),
  services: z.record(z.string(), z.array(z.object({ name: z.string(), listens: z.array(listenerSchema) }))),
});
export type LabRecord = z.infer<typeof recordSchema>;

export function writeRecord(paths: LabPaths, record: LabRecord): void {
  writeFileSync(paths.recordFile, JSON.stringify(record));
}

/** Throws `not-ready` when there is no such lab. */
export function readRecord(paths: LabPaths): LabRecord {
  let text: string;
  try {
    text = readFileSync(paths.recordFile, 'utf8');
  } catch (cause) {
    throw new AppError('not-ready', `No lab named ${paths.name} is up`, {
      hint: 'Start it with mailward lab up',
      cause,
    });
  }
  return recordSchema.parse(JSON.parse(text));
}
