import type { BenignEvent } from './fault.ts';

// What happens on a healthy mail host every day. While it is on, users notice nothing, and a diagnosis of it would be wrong.

const mail = { target: 'mail' } as const;
const usual: BenignEvent['steady'] = ['mailbox', 'submission', 'imap'];

export const benignEvents: readonly BenignEvent[] = [
  {
    ...{ ...mail, id: 'reload-postfix', title: 'Postfix reads its configuration again' },
    inject: 'postfix reload',
    heal: 'true',
    steady: usual,
  },
  {
    ...{ ...mail, id: 'reload-dovecot', title: 'Dovecot reads its configuration again' },
    inject: 'doveadm reload',
    heal: 'true',
    steady: usual,
  },
  {
    ...{ ...mail, id: 'log-rotation', title: 'The mail log is rotated' },
    inject: 'mv -f /var/log/mail.log /var/log/mail.log.1; pkill -HUP -x rsyslogd',
    heal: 'true',
    steady: [...usual, 'trace'],
  },
  {
    ...{ ...mail, id: 'certificate-renewal', title: 'The certificate is renewed and the daemons take it over' },
    inject:
      'cp /etc/ssl/lab/chain.pem /etc/ssl/lab/chain.new; mv -f /etc/ssl/lab/chain.new /etc/ssl/lab/chain.pem; postfix reload; doveadm reload',
    heal: 'true',
    steady: usual,
  },
  {
    ...{ ...mail, id: 'newsletter', title: 'A newsletter goes to many recipients in the world' },
    parameters: { recipients: '80' },
    inject: `list=''; i=0; while [ $i -lt "$recipients" ]; do list="$list reader$i@accept.test"; i=$((i+1)); done
printf 'Subject: News\\nList-Id: <news.lab.test>\\n\\nNews\\n' | sendmail -f news@localhost $list`,
    heal: 'true',
    steady: [...usual, 'outbound'],
  },
  {
    ...{ ...mail, id: 'backup', title: 'The mail store is copied for a backup' },
    inject: "setsid sh -c 'tar -cf /dev/null /srv/mail /etc /var/log' >/dev/null 2>&1 </dev/null &",
    heal: "pkill -f 'tar -cf /dev/null' || true",
    steady: usual,
  },
];
