import { expect, test } from 'vitest';
import { giveBack } from './give-back.ts';

test('what is given back is gone, and the pool of small buffers stays whole', () => {
  const large = Buffer.alloc(100_000, 1);
  giveBack(large);
  expect(large.length).toBe(0);
  const [small, other] = [Buffer.from('small'), Buffer.from('other')];
  giveBack(small);
  expect(`${small} ${other}`).toBe('small other');
});
