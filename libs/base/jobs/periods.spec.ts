import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundaryUpTo, type Cadence, periodFrom } from './periods.js';

const cadence = fc.constantFrom<Cadence>('hour', 'day', 'month');
const moment = fc.date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true }); // prettier-ignore

describe('periods', () => {
  it.each<[Cadence, string, string, string]>([
    ['hour', '2026-03-29T01:59:59.999Z', '2026-03-29T01:00:00.000Z', '2026-03-29T02:00:00.000Z'],
    ['day', '2024-02-28T12:00:00.000Z', '2024-02-28T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
    ['day', '2026-12-31T23:59:59.999Z', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['month', '2024-02-29T00:00:00.000Z', '2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['month', '2026-12-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ])('the %s of %s is from %s to %s', (every, at, startsAt, endsAt) => {
    const start = boundaryUpTo(every, new Date(at));
    expect(periodFrom(every, start)).toEqual({ key: startsAt, startsAt: new Date(startsAt), endsAt: new Date(endsAt) });
  });

  it('follow each other without gap or overlap, wherever the first one starts', () => {
    fc.assert(
      fc.property(cadence, moment, (every, since) => {
        let period = periodFrom(every, since);
        for (let n = 0; n < 50; n += 1) {
          expect(period.endsAt.getTime()).toBeGreaterThan(period.startsAt.getTime());
          expect(boundaryUpTo(every, period.endsAt)).toEqual(period.endsAt);
          expect(boundaryUpTo(every, new Date(period.endsAt.getTime() - 1)).getTime()).toBeLessThanOrEqual(period.startsAt.getTime()); // prettier-ignore
          const next = periodFrom(every, period.endsAt);
          expect(next.startsAt).toEqual(period.endsAt);
          period = next;
        }
      }),
    );
  });
});
