/**
 * mulberry32: enough to repeat a campaign's choices by its seed.
 * @param {number} seed
 * @returns {() => number} at least 0 and less than 1
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Sequences that do not depend on who draws first.
 * @param {number} seed
 * @returns {(name: string) => () => number} another sequence for each name
 */
export const namedRandoms = (seed) => (name) => {
  let mixed = seed >>> 0;
  for (const character of name) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return seededRandom(mixed);
};

/**
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @returns {T[]} the same in another order
 */
export function shuffled(items, random) {
  const left = [...items];
  return items.map(() => /** @type {T} */ (left.splice(Math.floor(random() * left.length), 1)[0]));
}
