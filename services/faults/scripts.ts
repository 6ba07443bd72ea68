import { AppError } from '../protocol/errors.ts';
import { type Injectable, parameterValueSchema } from './fault.ts';

// The scripts that an executor runs in the host. The mending is written down and its timer is running before anything is
// broken, so that the host mends itself when whoever asked is gone. Of a fault ID that is on, the folder holds ID.heal with
// ID.timer, the process and its birth; while one mends, ID.healing-PROCESS-BIRTH in the place of ID.heal.

export const faultsFolder = '/run/mailward-faults';

export type ScriptOptions = {
  /** Defines `service_start NAME` for this kind of host. */
  readonly prelude: string;
  readonly ttlSeconds: number;
  /** Other values of the fault's parameters. */
  readonly values?: Readonly<Record<string, string>>;
};

/**
 * Breaks, after arming the host's own mending in `ttlSeconds`; ends with status 1, and breaks nothing, when that cannot be
 * armed. A fault that is on already is mended first. Throws
 * `bad-request` when a value is for no parameter of the fault, or could be more than a value to a shell.
 */
export function injectScript(fault: Injectable, { prelude, ttlSeconds, values = {} }: ScriptOptions): string {
  const head = `${prelude}\n${parameterLines(fault, values)}`;
  return `${mendNow(fault.id)}
${lifeFunctions}
mkdir -p ${faultsFolder} || exit 1
cat >${faultsFolder}/mend.new <<'MEND' || exit 1
${mendScript}MEND
mv ${faultsFolder}/mend.new ${faultsFolder}/mend || exit 1
cat >${faultsFolder}/${fault.id}.new <<'HEAL' || exit 1
${head}${fault.heal}
HEAL
setsid sh -c 'sleep ${ttlSeconds}; exec sh ${faultsFolder}/mend ${fault.id}' </dev/null >/dev/null 2>&1 &
timer=$!
echo $timer $(birth $timer) >${faultsFolder}/${fault.id}.timer && mv ${faultsFolder}/${fault.id}.new ${faultsFolder}/${fault.id}.heal || {
kill -- "-$timer" "$timer"
rm -f ${faultsFolder}/${fault.id}.new ${faultsFolder}/${fault.id}.timer
exit 1
} 2>/dev/null
${head}${fault.inject}
`;
}

/** Mends now; does nothing where the fault is not on. */
export function healScript(id: string): string {
  return mendNow(id);
}

/** Prints the id of every fault that is on in the host, one a line. */
export const activeScript = `for f in ${faultsFolder}/*.heal ${faultsFolder}/*.healing-*; do test -f "$f" && basename "$f" | sed 's/\\.heal.*//'; done; true\n`;

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
 * `birth PROCESS` prints when a process began (proc(5), field 22 of stat), nothing of one that has ended. The number of a process
 * is given again; with its birth it is one process only.
 */
const lifeFunctions = `birth() { stat=$(cat "/proc/$1/stat" 2>/dev/null) && set -- \${stat##*) } && test "$1" != Z && echo "\${20}"; }
lives() { test -n "$2" && test "$(birth "$1")" = "$2"; }
mender_lives() { case $1 in *.healing-*) mender=\${1##*.healing-}; lives "\${mender%-*}" "\${mender#*-}";; *) false;; esac; }`;

/**
 * Whoever moves the file mends, so that a timer and a hand at the same moment mend once. What a mender has left behind that was
 * ended half-way is mended anew. The timer's group ends after it, so that until then the timer is there to take its place,
 * except where the timer itself is what runs here. Where no log can be written, mending goes on without one.
 */
const mendScript = `${lifeFunctions}
id=$1 folder=${faultsFolder}
mine="$folder/$id.healing-$$-$(birth $$)"
for file in "$folder/$id.heal" "$folder/$id.healing-"*; do
mender_lives "$file" && continue
mv "$file" "$mine" 2>/dev/null || continue
timer=$(cat "$folder/$id.timer" 2>/dev/null)
log="$folder/$id.log"
true 2>/dev/null >"$log" || log=/dev/null
sh "$mine" </dev/null >"$log" 2>&1
rm -f "$mine"
test "$(cat "$folder/$id.timer" 2>/dev/null)" = "$timer" && rm -f "$folder/$id.timer"
test "\${timer%% *}" != $$ && lives $timer && kill -- "-\${timer%% *}" 2>/dev/null
done
true
`;

/**
 * Mends every fault whose timer, or whose mender, is gone, and prints its id; ends with status 1 when one is still on after that.
 */
export const mendOrphansScript = `${lifeFunctions}
status=0
for file in ${faultsFolder}/*.heal ${faultsFolder}/*.healing-*; do
test -f "$file" || continue
id=$(basename "\${file%.heal*}")
mender_lives "$file" && continue
case $file in *.heal) lives $(cat "${faultsFolder}/$id.timer" 2>/dev/null) && continue;; esac
sh ${faultsFolder}/mend "$id" >/dev/null 2>&1
if test -f "$file"; then status=1; echo "$id is still on"; else echo "$id"; fi
done
exit $status
`;
