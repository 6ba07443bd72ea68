// Software RAID as the kernel tells it in /proc/mdstat (drivers/md/md.c, md_seq_show).

export type RaidArray = {
  readonly device: string;
  readonly level: string;
  readonly isActive: boolean;
  /** Members that the array should have and that it has; absent for levels without redundancy, which do not say. */
  readonly members: number | undefined;
  readonly membersInSync: number | undefined;
  readonly failed: number;
  /** 0 to 1 while it recovers, resyncs, checks or reshapes. */
  readonly progressRatio: number | undefined;
};

export function parseMdstat(text: string): RaidArray[] {
  const arrays: RaidArray[] = [];
  for (const [, device, state, rest, body] of text.matchAll(
    /^(md[\w-]+) : (active|inactive)(.*)\n((?:[ \t]+.*\n?)*)/gm,
  )) {
    if (device === undefined || rest === undefined || body === undefined) continue;
    const [, members, inSync] = /\[(\d+)\/(\d+)\] \[[U_]+\]/.exec(body) ?? [];
    const percent = /\b(?:recovery|resync|check|reshape|repair)\s*=\s*([\d.]+)%/.exec(body)?.[1];
    arrays.push({
      device,
      level: /\b(raid\d+|linear|multipath|faulty)\b/.exec(rest)?.[1] ?? 'unknown',
      isActive: state === 'active',
      members: members === undefined ? undefined : Number(members),
      membersInSync: inSync === undefined ? undefined : Number(inSync),
      failed: [...rest.matchAll(/\(F\)/g)].length,
      progressRatio: percent === undefined ? undefined : Number(percent) / 100,
    });
  }
  return arrays;
}
