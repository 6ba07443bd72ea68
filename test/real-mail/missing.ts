import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const programs = ['postfix', 'postconf', 'dovecot', 'doveadm', 'sievec'] as const;

/** What this machine lacks to run real mail servers, in words; empty when nothing is missing. */
export function findMissing(): string[] {
  const folders = ['/usr/sbin', '/usr/bin', '/sbin', ...(process.env.PATH ?? '').split(delimiter)];
  const has = (program: string) =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  const absent = programs.filter((program) => !has(program)).map((program) => `the program ${program}`);
  return process.getuid?.() === 0 ? absent : [...absent, 'the right to start mail servers (root)'];
}
