/** Ends the unit of work when an invariant of our own is broken: money is never moved on a state that cannot be. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}
