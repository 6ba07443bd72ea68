import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLineParser } from '../logs/parse.ts';
import { watchSyslogNames } from './syslog-names.ts';

test('a service with a name of its own belongs to the instance whose master.cf names it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-names-'));
  const [first, second] = [join(folder, 'postfix'), join(folder, 'postfix-out')];
  for (const directory of [first, second]) mkdirSync(directory);
  const service = (name: string, options: string) => `${name} inet n - y - - smtpd\n  ${options}\n`;
  writeFileSync(join(first, 'main.cf'), `multi_instance_directories = ${second}\n`);
  writeFileSync(
    join(first, 'master.cf'),
    [
      service('smtp', '-o smtpd_tls_security_level=may'),
      service('smtps', '-o syslog_name=smtps -o smtpd_tls_wrappermode=yes'),
      service('submission', '-o { syslog_name = postfix-$service_name }'),
      service('2525', '-o syslog_name=postfix/submission'),
      service('2526', '-o syslog_name=postfix-out'),
      service('2527', `-o syslog_name=${'long'.repeat(30)}`),
    ].join(''),
  );
  writeFileSync(join(second, 'main.cf'), 'multi_instance_name = postfix-out\nsyslog_name = out/mail\n');
  writeFileSync(join(second, 'master.cf'), service('25', '-o syslog_name=relay'));
  try {
    const names = await watchSyslogNames(first, { every: () => () => {} });
    expect(names.read()).toEqual([
      { name: 'smtps', instance: 'postfix' },
      { name: 'postfix-submission', instance: 'postfix' },
      { name: 'postfix-out', instance: 'postfix' },
      { name: 'out/mail', instance: 'out/mail' },
      { name: 'relay', instance: 'out/mail' },
    ]);
    const { parse } = createLineParser({ now: 0, timeZone: 'UTC', syslogNames: names.read() });
    const instanceOf = (tag: string) => parse(`Nov 22 05:24:26 mx1 ${tag}[1]: 4XyZ1a0Bcd: removed`).instance;
    expect(instanceOf('smtps/smtpd')).toBe('postfix');
    expect(instanceOf('postfix/qmgr')).toBe('postfix');
    expect(instanceOf('postfix/submission/smtpd')).toBe('postfix');
    expect(instanceOf('out/mail/qmgr')).toBe('out/mail');
    expect(instanceOf('relay/smtpd')).toBe('out/mail');
    expect(instanceOf('unheard-of/smtpd')).toBe('unheard-of');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
