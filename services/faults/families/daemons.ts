import type { Fault } from '../fault.ts';

// What several families do to the daemons of a mail host.

/** A daemon that is asked to end and does not is ended; one that still stands would keep its successor from starting. */
export const awaitEnd = (program: string): string =>
  `i=0; while pgrep -x ${program} >/dev/null && [ $i -lt 100 ]; do i=$((i+1)); sleep 0.1; done; pkill -9 -x ${program}`;
export const restartDovecot = `doveadm stop; ${awaitEnd('dovecot')}; service_start dovecot`;
/** Stop and start, not reload: master holds back a service that has died for a minute, across reloads. */
export const restartPostfix = 'postfix stop; service_start postfix; postqueue -f';
export const restartBoth = `${restartDovecot}; ${restartPostfix}`;

/** Keeps a file beside it, with its owner, once, so that `putBack` can. */
export const keep = (path: string): string => `cp -pn ${path} ${path}.kept`;
export const putBack = (path: string): string => `test -f ${path}.kept && mv -f ${path}.kept ${path}`;

/** As `putBack`, of a file that may not have been there: what stands in its place then has the fault's own `mark` in it, and goes. */
export const putBackOrRemove = (path: string, mark: string): string =>
  `if test -f ${path}.kept; then mv -f ${path}.kept ${path}; elif grep -qs '${mark}' ${path}; then rm -f ${path}; fi`;

/** Something that runs until the fault is healed; `text` holds no single quote, and sees `args` as `$1` and so on. */
export const hold = (id: string, text: string, args = ''): string =>
  `setsid sh -c '${text}' fault-${id} ${args} >/dev/null 2>&1 </dev/null &`;
export const letGo = (id: string): string =>
  `for p in $(pgrep -f 'fault-${id}( |$)'); do kill -s KILL -- "-$p" 2>/dev/null; done`;

/** A fault of Postfix's settings, `name=value` words for postconf(1). */
export function postconf(
  family: Fault['family'],
  id: string,
  title: string,
  settings: string,
  rest: Pick<Fault, 'bites' | 'failureModes' | 'lookalikes'> & {
    readonly alsoInject?: string;
    readonly alsoHeal?: string;
  },
): Fault {
  const { alsoInject = '', alsoHeal = '', ...truth } = rest;
  const files = ['/etc/postfix/main.cf', '/etc/postfix/master.cf'];
  return {
    ...{ id, family, title, target: 'mail' },
    inject: `${files.map(keep).join('; ')}; postconf ${settings}; postfix reload\n${alsoInject}`,
    heal: `${alsoHeal}\n${files.map(putBack).join('; ')}; ${restartPostfix}`,
    ...truth,
  };
}
