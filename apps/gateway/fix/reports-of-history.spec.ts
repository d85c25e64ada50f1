import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { type ExecutionReport } from '@core/venue-view';
import { OrderNames } from './application/order-names.js';
import { HeldSession } from './held-session.js';
import { ReportTap } from './report-tap.js';
import { reportsOf } from './reports-of-history.js';
import { SettledHistory } from './settled-history.js';
import { catchUp, type Telling, tellReports } from './tell-reports.js';
import { storeHistory } from './testing/store-history.js';
import { ToyVenue } from './testing/toy-venue.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

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

/** What a session is told, by its order: an acceptance out of history has an ExecID of its own. */
function tellTo(venue: ToyVenue, record: Pick<HeldSession['record'], 'position' | 'positionTime' | 'openOrders'>) {
  const numbers = { fence: 1n, begunFence: 1n, nextIn: 1, answered: [], nextOut: 1, sentThrough: 0 };
  const session = new HeldSession(
    { compId: 'SPEC', customerId: '', account: ACCOUNT, isCancelledOnDisconnect: false, ...numbers, ...record },
    () => undefined,
  );
  const told = new Map<string, string[]>();
  let pages = 0;
  const telling: Telling = {
    session,
    names: new OrderNames(session),
    feed: venue,
    send: (body) => {
      const order = /(?:^|\x01)37=(\d+)/.exec(body)?.[1] ?? '';
      const line = body.includes('\x01150=0\x01') ? body.replace(/(^|\x01)17=[^\x01]*/, '') : body;
      told.set(order, [...(told.get(order) ?? []), line]);
    },
    written: () => Promise.resolve(void (pages += 1)),
  };
  return { telling, told, pages: () => pages };
}

test('history is told a page at a time, however long the session was away, and comes to what it would have been told live', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 25 }),
      fc.nat(8),
      fc.integer({ min: 1, max: 6 }),
      async (steps, at, page) => {
        const venue = new ToyVenue();
        let away = { position: venue.position, positionTime: 0n, openOrders: new Map<bigint, string>(), told: 0 };
        for (const [index, { isCancel, account, ...terms }] of steps.entries()) {
          if (index === at) {
            const openOrders = new Map(
              venue.openOrders(ACCOUNT).map(({ orderId, clientText }) => [orderId, clientText ?? '']),
            );
            const last = venue.told.at(-1);
            const position = { ...venue.position, index: 65_535 };
            away = { position, positionTime: last?.time ?? 0n, openOrders, told: venue.told.length };
          }
          const [open] = venue.openOrders(account);
          if (isCancel && open !== undefined) await venue.cancel({ account, by: { orderId: open.orderId } });
          else await venue.place({ account, instrument: 0, clientText: `c${index}`, type: 'limit', ...terms });
        }
        await storeHistory(database.owner, venue);
        const live = tellTo(venue, away);
        const happened = venue.told.slice(away.told).filter((report) => report.account === ACCOUNT);
        tellReports(live.telling, happened);
        const late = tellTo(venue, away);
        const missed = new SettledHistory(database.app, page);
        const tap = new ReportTap(venue, () => undefined);
        const listening = await catchUp(late.telling, {
          tap,
          missed,
          account: ACCOUNT,
          patienceMs: 0,
          isOver: () => false,
        });
        expect(listening?.isOn).toBe(true);
        expect(late.told).toEqual(live.told);
        // A page has no more events than it may, and the ends of the orders that it accepts: at most twice as many moments.
        const moments = new Set(happened.map(({ time }) => time)).size;
        expect(late.pages() * 2 * page).toBeGreaterThanOrEqual(moments);
      },
    ),
    { numRuns: 6 },
  );
});
