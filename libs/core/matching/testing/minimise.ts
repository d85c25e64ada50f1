/** Cuts a failing list down while it still fails: ever smaller stretches are left out (delta debugging). */
export function minimise<T>(items: readonly T[], fails: (items: readonly T[]) => boolean): T[] {
  let kept = [...items];
  for (let size = Math.max(1, kept.length >> 1); ; size >>= 1) {
    for (let start = 0; start < kept.length;) {
      const without = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (fails(without)) kept = without;
      else start += size;
    }
    if (size <= 1) return kept;
  }
}
