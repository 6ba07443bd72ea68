// Limits that the kernel enforces on some of a host's processes: control groups of the first version (cgroups(7)). The host
// mounts the hierarchy into its own view; the group bears the lab's name, so that whoever takes the lab away finds it.

const mountOf = (controller: string): string => `/run/mailward-faults/cgroup-${controller}`;
const groupOf = (controller: string): string =>
  `${mountOf(controller)}/mailward-lab.\${MAILWARD_LAB:-none}.$(hostname)-${controller}`;

/** Makes the group with its limits, `file=value` each. `$group` is its folder from then on. */
export const makeGroup = (controller: string, limits: Readonly<Record<string, string>>): string => `
mkdir -p ${mountOf(controller)}
mountpoint -q ${mountOf(controller)} || mount -t cgroup -o ${controller} cgroup ${mountOf(controller)}
group=${groupOf(controller)}
mkdir -p "$group"
${Object.entries(limits)
  .map(([file, value]) => `echo ${value} >"$group/${file}"\n`)
  .join('')}`;

/** Everything that the host runs goes in, but what runs this and what mends it. */
export const enterAll = `
for p in /proc/[0-9]*; do
  case "$(cat "$p/comm" 2>/dev/null)" in sh|sleep|tini|cat|'') ;; *) echo "\${p#/proc/}" >"$group/cgroup.procs" 2>/dev/null ;; esac
done
`;

/** Runs a text inside the group and does not wait for it. */
export const runInGroup = (text: string): string =>
  `( echo 0 >"$group/cgroup.procs"; ${text} ) >/dev/null 2>&1 </dev/null &\n`;

/** Lets its processes go where the host's first process is, and removes it. */
export const dropGroup = (controller: string): string => `
group=${groupOf(controller)}
home=${mountOf(controller)}$(sed -n 's/^[0-9]*:${controller}://p' /proc/1/cgroup)
i=0
while [ -d "$group" ] && [ $i -lt 50 ]; do
  for p in $(cat "$group/cgroup.procs"); do echo "$p" >"$home/cgroup.procs" 2>/dev/null; done
  rmdir "$group" 2>/dev/null || sleep 0.1
  i=$((i+1))
done
umount ${mountOf(controller)} 2>/dev/null
rmdir ${mountOf(controller)} 2>/dev/null
`;
