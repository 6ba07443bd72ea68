// Every directed probe: what random schedules rarely meet, and bounds that need a calm group.
import type { Probe } from './calm-group.ts';
import { guardProbes } from './probes-of-guard.ts';
import { memoryProbes } from './probes-of-memory.ts';
import { moveProbes } from './probes-of-moves.ts';
import { voterSetProbes } from './probes-of-voters.ts';

export const probes: readonly Probe[] = [...memoryProbes, ...voterSetProbes, ...moveProbes, ...guardProbes];
