// The unit of the witness, its example file and what control looks for are of one mind.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { controlConfigSchema } from '../config.ts';

const read = (path: string): string => readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');

test('the unit of the witness runs the file that control names, in the folders that the example names', () => {
  const unit = read('systemd/mailward-witness.service');
  const example = read('examples/witness.yaml');
  const { lease } = controlConfigSchema.parse({ lease: {} });
  const setting = (name: string) => new RegExp(`^${name}=(.+)$`, 'm').exec(unit)?.[1];
  const named = (name: string) => new RegExp(`^${name}: (\\S+)`, 'm').exec(example)?.[1];
  expect(setting('ExecStart')).toBe(`/usr/bin/mailward lease --config ${lease?.config}`);
  expect(`/run/${setting('RuntimeDirectory')}/status.sock`).toBe(lease?.socket);
  expect(`/run/${setting('RuntimeDirectory')}`).toBe(named('runDir'));
  expect(`/var/lib/${setting('StateDirectory')}`).toBe(named('stateDir'));
  expect(setting('Restart')).toBe('always');
});
