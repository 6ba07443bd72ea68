import { AppError } from '../protocol/errors.ts';
import { type Injectable, parameterValueSchema } from './fault.ts';

// The scripts that an executor runs in the host. The mending is written down and its timer is running before anything is
// broken, so that the host mends itself when whoever asked is gone.

export const faultsFolder = '/run/mailward-faults';

export type ScriptOptions = {
  /** Defines `service_start NAME` for this kind of host. */
  readonly prelude: string;
  readonly ttlSeconds: number;
  /** Other values of the fault's parameters. */
  readonly values?: Readonly<Record<string, string>>;
};

/**
 * Breaks, after arming the host's own mending in `ttlSeconds`. A fault that is on already is mended first. Throws
 * `bad-request` when a value is for no parameter of the fault, or could be more than a value to a shell.
 */
export function injectScript(fault: Injectable, { prelude, ttlSeconds, values = {} }: ScriptOptions): string {
  const head = `${prelude}\n${parameterLines(fault, values)}`;
  return `${mendNow(fault.id)}
mkdir -p ${faultsFolder}
cat >${faultsFolder}/mend <<'MEND'
${mendScript}MEND
cat >${faultsFolder}/${fault.id}.heal <<'HEAL'
${head}${fault.heal}
HEAL
setsid sh -c 'sleep ${ttlSeconds}; exec sh ${faultsFolder}/mend ${fault.id}' </dev/null >/dev/null 2>&1 &
echo $! >${faultsFolder}/${fault.id}.timer
${head}${fault.inject}
`;
}

/** Mends now; does nothing where the fault is not on. */
export function healScript(id: string): string {
  return mendNow(id);
}

/** Prints the id of every fault that is on in the host, one a line. */
export const activeScript = `for f in ${faultsFolder}/*.heal ${faultsFolder}/*.healing; do test -f "$f" && basename "$f" | sed 's/\\.heal.*//'; done; true\n`;

function parameterLines({ id, parameters = {} }: Injectable, values: Readonly<Record<string, string>>): string {
  for (const [name, value] of Object.entries(values)) {
    const fault = (why: string) => new AppError('bad-request', `${name} of ${id} ${why}`);
    if (!Object.hasOwn(parameters, name))
      throw fault(`is no parameter; it has ${Object.keys(parameters).join(', ') || 'none'}`);
    if (!parameterValueSchema.safeParse(value).success) throw fault('may hold letters, digits and . : @ _ - only');
  }
  return Object.entries({ ...parameters, ...values })
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');
}

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
