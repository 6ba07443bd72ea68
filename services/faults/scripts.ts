import type { Fault } from './fault.ts';

// The scripts that an executor runs in the host. The mending is written down and its timer is running before anything is
// broken, so that the host mends itself when whoever asked is gone.

export const faultsFolder = '/run/mailward-faults';

export type ScriptOptions = {
  /** Defines `service_start NAME` for this kind of host. */
  readonly prelude: string;
  readonly ttlSeconds: number;
};

/** Breaks, after arming the host's own mending in `ttlSeconds`. A fault that is on already is mended first. */
export function injectScript(fault: Fault, { prelude, ttlSeconds }: ScriptOptions): string {
  return `${mendNow(fault.id)}
mkdir -p ${faultsFolder}
cat >${faultsFolder}/mend <<'MEND'
${mendScript}MEND
cat >${faultsFolder}/${fault.id}.heal <<'HEAL'
${prelude}
${fault.heal}
HEAL
setsid sh -c 'sleep ${ttlSeconds}; exec sh ${faultsFolder}/mend ${fault.id}' </dev/null >/dev/null 2>&1 &
echo $! >${faultsFolder}/${fault.id}.timer
${prelude}
${fault.inject}
`;
}

/** Mends now; does nothing where the fault is not on. */
export function healScript(id: string): string {
  return mendNow(id);
}

/** Prints the id of every fault that is on in the host, one a line. */
export const activeScript = `for f in ${faultsFolder}/*.heal ${faultsFolder}/*.healing; do test -f "$f" && basename "$f" | sed 's/\\.heal.*//'; done; true\n`;

const mendNow = (id: string): string => `test -f ${faultsFolder}/mend && sh ${faultsFolder}/mend ${id}; true`;

/**
 * Whoever moves the file mends, so that a timer and a hand at the same moment mend once. The timer's group ends with it,
 * except where the timer itself is what runs here.
 */
const mendScript = `id=$1 folder=${faultsFolder}
mv "$folder/$id.heal" "$folder/$id.healing" 2>/dev/null || exit 0
sh "$folder/$id.healing" </dev/null >"$folder/$id.log" 2>&1
rm -f "$folder/$id.healing"
timer=$(cat "$folder/$id.timer" 2>/dev/null)
rm -f "$folder/$id.timer"
test -n "$timer" && test "$timer" != $$ && kill -- "-$timer" 2>/dev/null
true
`;
