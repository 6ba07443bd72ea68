import { type Family, single } from '../family.ts';

/** Whether a daemon that the agent asks for its figures is there to answer. */
export function upFamily(software: string, isUp: boolean): Family {
  const help = `Whether ${software} answered when it was last asked for its figures.`;
  return single(`mailward_${software}_up`, 'gauge', help, isUp ? 1 : 0);
}
