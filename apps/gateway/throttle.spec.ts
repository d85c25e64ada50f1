import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Throttle } from './throttle.js';

describe('the throttle', () => {
  it('admits a burst, says what is left, and then one for each interval', () => {
    const throttle = new Throttle({ perSecond: 10, burst: 3 });
    expect([0, 0, 0, 0].map((now) => throttle.take('a', now))).toEqual([
      { isAdmitted: true, remaining: 2, waitSeconds: 1 },
      { isAdmitted: true, remaining: 1, waitSeconds: 1 },
      { isAdmitted: true, remaining: 0, waitSeconds: 1 },
      { isAdmitted: false, remaining: 0, waitSeconds: 1 },
    ]);
    expect(throttle.take('b', 0).isAdmitted).toBe(true);
    expect(throttle.take('a', 99).isAdmitted).toBe(false);
    expect(throttle.take('a', 100).isAdmitted).toBe(true);
    expect(throttle.take('a', 100).isAdmitted).toBe(false);
  });

  it('never admits more in any span than the burst and what the span brings', () => {
    const scenario = fc.tuple(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 120 }),
    );
    fc.assert(
      fc.property(scenario, ([perSecond, burst, pauses]) => {
        const throttle = new Throttle({ perSecond, burst });
        let now = 1_000;
        const admitted = pauses.flatMap((pause) => (throttle.take('a', (now += pause)).isAdmitted ? [now] : []));
        for (const [from, start] of admitted.entries())
          for (let to = from; to < admitted.length; to += 1) {
            const span = ((admitted[to] ?? 0) - start) / 1_000;
            expect(to - from + 1).toBeLessThanOrEqual(burst + Math.floor(span * perSecond + 1e-6));
          }
      }),
    );
  });

  it('keeps a bounded number of names and forgets those first that have nothing against them', () => {
    const throttle = new Throttle({ perSecond: 1, burst: 1 }, 4);
    for (const name of ['a', 'b', 'c']) throttle.take(name, 0);
    throttle.take('busy', 5_000);
    throttle.take('new', 5_000);
    expect(throttle.take('busy', 5_000).isAdmitted).toBe(false);
  });
});
