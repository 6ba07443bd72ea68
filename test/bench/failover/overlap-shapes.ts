// The catalogue of what is broken between voters, seen from the owner: position 0 is the owner, then the others in the order of
// their numbers, a witness last. A cut is a list of directed links over which no lease datagram passes; clients reach everybody.

export type Link = readonly [from: number, to: number];
export type Shape = {
  readonly name: string;
  readonly voters: number;
  /** How many of them, counted from the last, are witnesses. */
  readonly witnesses: number;
  readonly cut: readonly Link[];
};

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const bothWays = (a: number, b: number): Link[] => [
  [a, b],
  [b, a],
];

const namesOf = (voters: number, witnesses: number): string[] =>
  range(voters).map((at) => {
    if (at === 0) return 'owner';
    return at >= voters - witnesses ? 'witness' : (['b', 'c', 'd', 'e'][at - 1] ?? String(at));
  });

/** Every way to part positions into groups, except all together. */
function partitionsOf(count: number): number[][][] {
  let found: number[][][] = [[]];
  for (const at of range(count))
    found = found.flatMap((groups) => [
      ...groups.map((_, index) => groups.map((group, other) => (other === index ? [...group, at] : group))),
      [...groups, [at]],
    ]);
  return found.filter((groups) => groups.length > 1);
}

const between = (groups: readonly (readonly number[])[]): Link[] =>
  groups.flatMap((group, index) =>
    groups.slice(index + 1).flatMap((other) => group.flatMap((a) => other.flatMap((b) => bothWays(a, b)))),
  );

/** All splits of so many voters: nobody hears anybody of another side. */
export function splits(voters: number, witnesses = 0): Shape[] {
  const names = namesOf(voters, witnesses);
  return partitionsOf(voters).map((groups) => ({
    ...{ voters, witnesses, cut: between(groups) },
    name: `split ${groups.map((group) => group.map((at) => names[at]).join(' ')).join(' | ')}`,
  }));
}

/** Two sides that only one node hears both of. */
export function bridges(voters: number, witnesses = 0): Shape[] {
  const names = namesOf(voters, witnesses);
  return range(voters).flatMap((bridge) => {
    const rest = range(voters).filter((at) => at !== bridge);
    return partitionsOf(rest.length)
      .filter((sides) => sides.length === 2)
      .map((sides) => {
        const groups = sides.map((side) => side.map((at) => rest[at] ?? 0));
        const said = groups.map((group) => group.map((at) => names[at]).join(' '));
        return { voters, witnesses, cut: between(groups), name: `bridge ${said.join(` – ${names[bridge]} – `)}` };
      });
  });
}

/** Each hears only its two neighbours; with five voters each hears a majority, and no two the same. */
export function rings(voters: number): Shape[] {
  const names = namesOf(voters, 0);
  const ordersOf = (rest: readonly number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((at) => ordersOf(rest.filter((other) => other !== at)).map((o) => [at, ...o]));
  return ordersOf(range(voters).slice(1))
    .filter((order) => (order[0] ?? 0) < (order.at(-1) ?? 0))
    .map((order) => {
      const ring = [0, ...order];
      const cut = range(voters).flatMap((a) =>
        range(voters).flatMap((b): Link[] => {
          const apart = Math.abs(a - b);
          return apart < 2 || apart === voters - 1 ? [] : [[ring[a] ?? 0, ring[b] ?? 0]];
        }),
      );
      return { voters, witnesses: 0, cut, name: `ring ${ring.map((at) => names[at]).join(' – ')}` };
    });
}

/** Every set of links that are cut in one direction each. */
export function oneWays(voters: number, witnesses: number): Shape[] {
  const names = namesOf(voters, witnesses);
  const links = range(voters).flatMap((a) => range(voters).flatMap((b): Link[] => (a === b ? [] : [[a, b]])));
  return range(2 ** links.length)
    .slice(1)
    .map((bits) => {
      const cut = links.filter((_, index) => (bits >> index) % 2 === 1);
      return { voters, witnesses, cut, name: `one-way ${cut.map(([a, b]) => `${names[a]}→${names[b]}`).join(', ')}` };
    });
}

/** Splits of 3 and 4 voters with and without a witness, bridges, rings, and every one-way pattern of two members and a witness. */
export const catalogue = (): Shape[] => [
  ...[splits(3), bridges(3), oneWays(3, 1), splits(4), bridges(4), rings(4), splits(4, 1)].flat(),
  ...[bridges(5).filter((_, at) => at % 7 === 2), rings(5).slice(0, 1)].flat(),
];
