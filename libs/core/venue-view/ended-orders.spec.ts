/** What is remembered outside the heap against the same kept as objects. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CANCEL_REASONS, clientOrderIdOf, ORDER_TYPES, SELF_TRADE_RULES, SIDES, textOf, TIMES_IN_FORCE } from '@core/contracts'; // prettier-ignore
import { EndedOrders } from './ended-orders.js';
import { Names } from './names.js';
import { RecentFills } from './recent-fills.js';
import { type ViewedFill, type ViewedOrder } from './venue-snapshot.js';

const MOST = 40;
const ACCOUNTS = [16, 17, 0xffff_ffff];

const amount = fc.bigInt({ min: -(1n << 62n), max: 1n << 62n });
const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const account = fc.constantFrom(...ACCOUNTS);
const named = fc.oneof(
  fc.constant({ clientText: null, clientOrderId: 0n }),
  // The number may be of any 64 bits, and few of them, so that names come again.
  fc.constantFrom(1n, 2n, 0xffff_ffff_ffff_ffffn, 1n << 63n).map((id) => ({ clientText: textOf(id), clientOrderId: id })), // prettier-ignore
  fc
    .stringMatching(/^[\x20-\x7e]{1,32}$/)
    .map((clientText) => ({ clientText, clientOrderId: clientOrderIdOf(clientText) })),
);
const order: fc.Arbitrary<Omit<ViewedOrder, 'orderId'>> = fc
  .record({
    account,
    instrument: fc.integer({ min: 0, max: 0xffff_ffff }),
    side: fc.constantFrom(...SIDES),
    type: fc.constantFrom(...ORDER_TYPES),
    timeInForce: fc.constantFrom(...TIMES_IN_FORCE),
    selfTrade: fc.constantFrom(...SELF_TRADE_RULES),
    instructions: fc.integer({ min: 0, max: 255 }),
    isLiquidation: fc.boolean(),
    quantity: amount,
    open: amount,
    filled: amount,
    left: amount,
    price: word,
    triggerPrice: word,
    isDormant: fc.boolean(),
    displayQuantity: amount,
    shown: amount,
    expiresAt: amount,
    traded: amount,
    fees: amount,
    lastPrice: word,
    lastQuantity: amount,
    status: fc.constantFrom('filled' as const, 'cancelled' as const),
    reason: fc.constantFrom(null, ...CANCEL_REASONS),
    acceptedAt: amount,
    updatedAt: amount,
    sequence: amount,
    index: fc.integer({ min: 0, max: 65_535 }),
  })
  .chain((rest) => named.map((name) => ({ ...rest, ...name })));

describe('ended orders', () => {
  test('the last so many are found by id, by account and by name, as they were told of; older ones are not', () => {
    fc.assert(
      fc.property(fc.array(order, { maxLength: 150 }), fc.bigInt({ min: 1n, max: 1n << 53n }), (ended, first) => {
        const orders = new EndedOrders(MOST);
        const all: ViewedOrder[] = ended.map((rest, at) => ({ ...rest, orderId: first + BigInt(at) }));
        for (const one of all) orders.remember(one);
        const newest = all.slice(-MOST).reverse();
        for (const owner of ACCOUNTS)
          expect([...orders.of(owner)]).toEqual(newest.filter((one) => one.account === owner));
        for (const one of all) {
          expect(orders.get(one.orderId)).toEqual(newest.includes(one) ? one : undefined);
          const { account: owner, clientOrderId } = one;
          if (clientOrderId === 0n) continue;
          const last = newest.find((other) => other.account === owner && other.clientOrderId === clientOrderId);
          expect(orders.byClientId(owner, clientOrderId)).toEqual(last);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test('the last fills are found by account', () => {
  const fill: fc.Arbitrary<ViewedFill> = fc.record({
    tradeId: amount,
    sequence: amount,
    index: fc.integer({ min: 0, max: 65_535 }),
    time: amount,
    account,
    orderId: amount,
    instrument: fc.integer({ min: 0, max: 0xffff_ffff }),
    side: fc.constantFrom(...SIDES),
    liquidity: fc.constantFrom('maker' as const, 'taker' as const),
    price: word,
    quantity: amount,
    notional: amount,
    fee: amount,
  });
  fc.assert(
    fc.property(fc.array(fill, { maxLength: 150 }), (all) => {
      const fills = new RecentFills(MOST);
      for (const one of all) fills.remember(one);
      const newest = all.slice(-MOST).reverse();
      for (const owner of ACCOUNTS) expect([...fills.of(owner)]).toEqual(newest.filter((one) => one.account === owner));
    }),
    { numRuns: 60 },
  );
});

test('a name is known until its order takes it, whichever order they come in; the last of two is the one that counts', () => {
  const step = fc.record({
    account,
    clientOrderId: fc.constantFrom(1n, 2n, 3n),
    text: fc.constantFrom('a', 'b', null),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const names = new Names();
      const due = new Map<string, string>();
      for (const { account: owner, clientOrderId, text } of steps) {
        const key = `${owner}/${clientOrderId}`;
        if (text === null) {
          expect(names.take(owner, clientOrderId)).toBe(due.get(key));
          due.delete(key);
        } else {
          names.keep(owner, clientOrderId, text);
          due.set(key, text);
        }
        const known = new Map(Array.from(names, (name) => [`${name.account}/${name.clientOrderId}`, name.text]));
        expect(known).toEqual(due);
        expect([...names]).toHaveLength(due.size);
      }
    }),
  );
});
