import type { HostBuild, HostFile } from './host-files.ts';
import { labMark } from './lab-paths.ts';

// The two scripts of a host. They are shell because they are the host's own: it boots, and boots again after a crash, with
// no Mailward process left on the machine.

/**
 * Runs as process 1 of fresh mount, pid, uts and ipc namespaces: lays an overlay over the machine's root, gives it its own
 * /proc, /dev, /run, /tmp and volumes, makes it the root, starts the services and becomes tini, which reaps orphans.
 * Arguments: host name, host folder, folder of the project, folder of the Node program.
 */
export const bootScript = `#!/bin/sh
set -e
name=$1 folder=$2 project=$3 node=$4
m=$folder/root
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$m"
mount -t proc proc "$m/proc"
mount -t sysfs -o ro sys "$m/sys"
mount -t tmpfs -o mode=755 dev "$m/dev"
mkdir -p "$m/dev/pts" "$m/dev/shm" "$m/dev/net"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$m/dev/pts"
mount -t tmpfs -o mode=1777 shm "$m/dev/shm"
mknod -m 666 "$m/dev/null" c 1 3
mknod -m 666 "$m/dev/zero" c 1 5
mknod -m 666 "$m/dev/full" c 1 7
mknod -m 666 "$m/dev/random" c 1 8
mknod -m 666 "$m/dev/urandom" c 1 9
mknod -m 666 "$m/dev/tty" c 5 0
mknod -m 600 "$m/dev/net/tun" c 10 200
ln -s pts/ptmx "$m/dev/ptmx"
ln -s /proc/self/fd "$m/dev/fd"
ln -s fd/0 "$m/dev/stdin"
ln -s fd/1 "$m/dev/stdout"
ln -s fd/2 "$m/dev/stderr"
mount -t tmpfs -o mode=755 run "$m/run"
mount -t tmpfs -o mode=1777,size=256m tmp "$m/tmp"
mkdir -p "$m/run/lock" "$m/opt/mailward" "$m/opt/node"
mount --bind "$project" "$m/opt/mailward"
mount -o remount,bind,ro "$m/opt/mailward"
mount --bind "$node" "$m/opt/node"
mount -o remount,bind,ro "$m/opt/node"
while read -r volume path; do
  mkdir -p "$m$path"
  mount --bind "$folder/volumes/$volume" "$m$path"
done < "$folder/volumes.txt"
hostname "$name"
cd "$m"
mkdir -p oldroot
pivot_root . oldroot
umount -l /oldroot
cd /
/etc/mailward-lab/start </dev/null >/var/log/lab/start.log 2>&1 &
exec tini -s -- sleep infinity
`;

/** Appears in /var/log/lab when every start command has ended. */
export const startedMark = '.started';

export const serviceFolder = '/etc/mailward-lab/services';
/** What a fault's `service_start NAME` is in a lab. */
export const servicePrelude = `service_start() { ${serviceFolder}/"$1"; }`;

/**
 * One script a service, so that a hand or a fault can start it again, and one that runs them all in order when the host
 * boots. Each service's own words go to /var/log/lab.
 */
export function startFiles(build: HostBuild, labName: string): readonly HostFile[] {
  const path = '/opt/node:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const head = `#!/bin/sh\nexport ${labMark}=${labName} PATH=${path}\n`;
  const services = build.services.map(({ name, start, foreground }): HostFile => {
    const run = `exec </dev/null >>/var/log/lab/${name}.log 2>&1\n`;
    const text = foreground ? `${head}${run}setsid sh <<'START' &\n${start}\nSTART\n` : `${head}${run}${start}\n`;
    return { path: `${serviceFolder}/${name}`, text, mode: 0o755 };
  });
  const mark = `/var/log/lab/${startedMark}`;
  const boot = `${head}rm -f ${mark}\n${services.map((service) => `${service.path}\n`).join('')}: >${mark}\n`;
  return [...services, { path: '/etc/mailward-lab/start', text: boot, mode: 0o755 }];
}
