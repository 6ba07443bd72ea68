import { expect, test } from 'vitest';
import { parseMainCf, parseMasterCf, readParameter } from './main-cf.ts';

const text = `# a comment
base = /srv/spool
queue_directory = $base/out
  # a comment inside
syslog_name = postfix-\${role?{\${role}}:{none}}
role = mx
long = one,
  two
  three
price = 5$$
empty_default = \${nothing:fallback}
loop = $loop
`;

test('parameters are read with comments, continued lines and references', () => {
  const values = parseMainCf(text);
  const read = (name: string) => readParameter(values, name, { data_directory: '/var/lib/postfix' });
  expect(read('queue_directory')).toBe('/srv/spool/out');
  expect(read('long')).toBe('one, two three');
  expect(read('price')).toBe('5$');
  expect(read('empty_default')).toBe('fallback');
  expect(read('data_directory')).toBe('/var/lib/postfix');
  expect(read('unheard_of')).toBe('');
});

test('a reference to itself ends', () => {
  expect(readParameter(parseMainCf('loop = $loop'), 'loop', {})).toBe('$loop');
});

test('a conditional reference takes the branch that its value asks for', () => {
  const branch = `name = \${role?{is $role}:{none}}`;
  expect(readParameter(parseMainCf(`${branch}\nrole = mx`), 'name', {})).toBe('is mx');
  expect(readParameter(parseMainCf(branch), 'name', {})).toBe('none');
});

test('services of master.cf have their limit, or none of their own', () => {
  const services = parseMasterCf(`# service type private unpriv chroot wakeup maxproc command
smtp      inet  n       -       y       -       20      smtpd
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
bounce    unix  -       -       y       -       0       bounce
broken    unix
`);
  expect(services).toEqual([
    { name: 'smtp', type: 'inet', processLimit: 20, command: 'smtpd' },
    { name: 'submission', type: 'inet', command: 'smtpd', syslogName: 'postfix/submission' },
    { name: 'bounce', type: 'unix', processLimit: 0, command: 'bounce' },
  ]);
});
