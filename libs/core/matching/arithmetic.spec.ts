/** Money at the edges of what an instrument may be listed with. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type EngineCommandDraft } from '@core/contracts';
import { Agreement } from './testing/index.js';

const MOST = 1n << 62n;
const BASE = 1;
const QUOTE = 0;
const MAX_PRICE = (1 << 25) - 2;

/** An instrument as large as it may be: the limit on quantity follows from the other three. */
const instruments = fc
  .record({
    maximumPrice: fc.oneof(fc.integer({ min: 1, max: MAX_PRICE }), fc.constant(MAX_PRICE), fc.constant(1)),
    tickValue: fc.oneof(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 1n << 30n), fc.constant(999_999_999_989n)),
    tickValueScale: fc.oneof(fc.constant(1n), fc.constantFrom(3n, 7n, 10n, 1_000_003n, 10n ** 12n)),
    lotUnits: fc.oneof(fc.constant(1n), fc.bigInt(1n, 1n << 20n)),
  })
  .map(({ maximumPrice, tickValue, tickValueScale, lotUnits }) => {
    const byNotional = MOST / (BigInt(maximumPrice) * tickValue * 2n);
    const byLots = MOST / lotUnits;
    const maximumQuantity = byNotional < byLots ? byNotional : byLots;
    return {
      maximumPrice,
      tickValue,
      tickValueScale,
      lotUnits,
      maximumQuantity: maximumQuantity < 1n ? 1n : maximumQuantity,
    };
  });

const orders = fc.array(
  fc.record({
    isBuy: fc.boolean(),
    who: fc.integer({ min: 16, max: 18 }),
    /** Shares of the most, in 2^-20ths; 2^20 is the most itself. */
    price: fc.oneof(fc.constant(1 << 20), fc.constant(0), fc.integer({ min: 0, max: 1 << 20 })),
    quantity: fc.oneof(fc.constant(1 << 20), fc.constant(0), fc.integer({ min: 0, max: 1 << 20 })),
    isImmediate: fc.boolean(),
  }),
  { minLength: 2, maxLength: 25 },
);

const rates = fc.record({
  makerPpm: fc.oneof(
    fc.constantFrom(0, 1_000_000, -1_000_000, 1, -1, 999_999),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
  ),
  takerPpm: fc.oneof(fc.constantFrom(0, 1_000_000, 1, 999_999), fc.integer({ min: 0, max: 1_000_000 })),
});

test('E7: price × quantity × fee is exact at adversarial ticks, lots and limits: nothing overflows, nothing is created', () => {
  const share = (most: bigint, of: number): bigint => {
    const part = (most * BigInt(of)) >> 20n;
    return part < 1n ? 1n : part;
  };
  fc.assert(
    fc.property(instruments, orders, rates, ({ maximumPrice, ...terms }, wanted, { makerPpm, takerPpm }) => {
      const agreement = new Agreement();
      const send = (draft: EngineCommandDraft): void => expect(agreement.send(draft)).toBeNull();
      const fund = (account: number, asset: number): EngineCommandDraft => ({ kind: 'credit', account, asset, amount: MOST / 3n, transferHigh: BigInt(account), transferLow: BigInt(asset) }); // prettier-ignore
      for (const account of [16, 17, 18]) for (const asset of [QUOTE, BASE]) send(fund(account, asset));
      send({ kind: 'list-instrument', instrument: 0, base: BASE, quote: QUOTE, minimumQuantity: 1n, maximumPrice, initialMarginPpm: 0, maintenanceMarginPpm: 0, settlement: 'spot', symbol: 'EDGE', ...terms }); // prettier-ignore
      if (!agreement.exchange.instruments.has(0)) return;
      send({ kind: 'set-fees', instrument: 0, tier: 0, makerPpm, takerPpm });
      send({ kind: 'set-state', instrument: 0, state: 'open' });
      for (const { isBuy, who, price, quantity, isImmediate } of wanted) {
        send({
          ...{
            kind: 'place',
            instrument: 0,
            account: who,
            clientOrderId: 0n,
            side: isBuy ? 'buy' : 'sell',
            type: 'limit',
          },
          ...{ timeInForce: isImmediate ? 'ioc' : 'gtc', selfTrade: 'allow', instructions: 0, triggerPrice: 0 },
          quantity: share(terms.maximumQuantity, quantity),
          price: Number(share(BigInt(maximumPrice), price)),
        });
        expect(agreement.inspect()).toBeNull();
      }
    }),
    { numRuns: process.env.TORTURE === '1' ? 20_000 : 200 },
  );
});
