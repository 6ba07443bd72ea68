import type { Subject } from './schedule.ts';
export type Probe = { readonly name: string; readonly run: (subject: Subject) => string | undefined };
export const probes: readonly Probe[] = [];
