import { serviceFolder } from '../boot-script.ts';
import type { HostFile, HostService } from '../host-files.ts';
import { controlPort } from './control.ts';

/** Where `up` leaves the token that a mail host joins with. */
export const joinTokenFile = '/etc/mailward/join-token';
const configFile = '/etc/mailward/agent.yaml';
const program = '/opt/mailward/services/agent/main.ts';

/** An agent that takes every fault of the library: hosts of a lab are there to be broken. */
export const agentFiles: readonly HostFile[] = [
  {
    path: configFile,
    text: `files: [/var/log/mail.log]
metrics:
  directories:
    - { use: queue, path: /var/spool/postfix }
    - { use: store, path: /srv/mail }
    - { use: log, path: /var/log }
actions:
  allow: ['fault:*']
  ttlSecondsMax: 3600
  serviceStart: '${serviceFolder}/"$1"'
`,
  },
];

/** Joins at its first start, again and again until control answers: a lab's hosts boot side by side. */
export function agentService(node: string, controlFqdn: string): HostService {
  const join = `node ${program} join --node ${node} --control https://${controlFqdn}:${controlPort} --token-file ${joinTokenFile}`;
  return {
    name: 'agent',
    start: `test -f ${program} || exit 0
i=0
until test -f /var/lib/mailward/agent/trust/identity.json || test $i -ge 60; do ${join} || sleep 1; i=$((i+1)); done
exec node ${program} --config ${configFile}`,
    foreground: true,
    listens: [],
  };
}
