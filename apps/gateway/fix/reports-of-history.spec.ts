import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ExecutionReport } from '@core/venue-view';
import { reportsOf } from './reports-of-history.js';
import { ToyVenue } from './testing/toy-venue.js';

const ACCOUNT = 16;
const step = fc.record({
  account: fc.constantFrom(ACCOUNT, 17),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  quantity: fc.bigInt({ min: 1n, max: 5n }),
  price: fc.integer({ min: 1_000, max: 1_004 }),
  timeInForce: fc.constantFrom('gtc' as const, 'gtc' as const, 'ioc' as const),
  isCancel: fc.boolean(),
});

/** What a client acts on; an acceptance has another ExecID in history. */
const essence = ({ kind, order, fill, executionId, cancelReason }: ExecutionReport): string =>
  [kind, order.orderId, order.filled, order.open, order.status, order.traded, fill?.quantity ?? '', cancelReason ?? '', kind === 'accepted' ? '' : executionId].join(' '); // prettier-ignore

test('out of orders and fills come the reports that the stream brought, wherever the session was told last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(30), async (steps, at) => {
      const venue = new ToyVenue();
      let told = 0;
      let known = new Set<bigint>();
      for (const [index, { isCancel, account, ...terms }] of steps.entries()) {
        if (index === at) {
          told = venue.told.length;
          known = new Set(venue.openOrders(ACCOUNT).map(({ orderId }) => orderId));
        }
        const [open] = venue.openOrders(account);
        if (isCancel && open !== undefined) await venue.cancel({ account, by: { orderId: open.orderId } });
        else await venue.place({ account, instrument: 0, clientText: `c${index}`, type: 'limit', ...terms });
      }
      const missed = venue.told.slice(told).filter(({ account }) => account === ACCOUNT);
      const touched = new Set(missed.map(({ order }) => order.orderId));
      const orders = [...touched].flatMap((id) => {
        const last = venue.told.findLast(({ order }) => order.orderId === id);
        const order = venue.order(id);
        return order && last ? [{ ...order, sequence: last.sequence, index: last.index, updatedAt: last.time }] : [];
      });
      const fills = missed.flatMap(({ fill }) => (fill === undefined ? [] : [fill]));
      const made = reportsOf({ orders, fills }, known);
      // Within one command an acceptance stands first, and two orders of the account may stand either way round.
      expect(made.map(essence).sort()).toEqual(missed.map(essence).sort());
      for (const id of touched) {
        const of = (reports: readonly ExecutionReport[]): string[] => reports.filter(({ order }) => order.orderId === id).map(essence); // prettier-ignore
        expect(of(made)).toEqual(of(missed));
      }
    }),
    { numRuns: 150 },
  );
});
