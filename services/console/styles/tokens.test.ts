import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');
type Pair = { readonly light: string; readonly dark: string };
const colours = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
    ([, name = '', light = '', dark = '']): [string, Pair] => [name, { light, dark }],
  ),
);

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
const colour = (name: string, theme: keyof Pair): string => colours.get(name)?.[theme] ?? `no token ${name}`;

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  const surfaces = ['surface', 'surface-sunk', 'surface-hover', 'surface-mark'];
  const texts = ['text', 'text-muted', 'blue', 'orange', 'red', 'grey'];
  test.each(texts.flatMap((text) => surfaces.map((surface) => [text, surface] as const)))(
    '%s can be read on %s',
    (text, surface) => {
      expect(contrast(colour(text, theme), colour(surface, theme))).toBeGreaterThanOrEqual(4.5);
    },
  );
  test.each([
    ['surface', 'text'],
    ['text', 'grey-soft'],
    ['text', 'blue-soft'],
    ['surface', 'blue'],
  ])('%s can be read on %s', (text, ground) => {
    expect(contrast(colour(text, theme), colour(ground, theme))).toBeGreaterThanOrEqual(4.5);
  });
  test.each(['blue', 'orange', 'red', 'line-strong'])('%s stands out as a shape', (name) => {
    expect(contrast(colour(name, theme), colour('surface', theme))).toBeGreaterThanOrEqual(3);
  });
});
