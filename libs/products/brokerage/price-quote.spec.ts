import { describe, expect, it } from '@jest/globals';
import { assetOf, parseAmount, parseRate, rate, type Rate } from '@core/money';
import fc from 'fast-check';
import {
  feeOn,
  PPM,
  priceQuote,
  type Mode,
  type PricedQuote,
  type QuoteRequest,
  type QuoteTerms,
  type Side,
} from './price-quote.js';

type Market = Pick<QuoteRequest, 'mid' | 'market'>;

const RUNS = process.env['TORTURE'] ? 1_000_000 : 2_000;

const usdTerms: QuoteTerms = { spreadPpm: 5_000n, skewPpm: 0n, feePpm: 14_900n, minFee: 99n };

const priced = (side: Side, mode: Mode, amount: bigint, mid: Rate, terms: QuoteTerms): PricedQuote => {
  const quote = priceQuote({ side, mode, amount, mid, market: { reference: mid, bound: mid }, terms });
  if (quote === 'too_small') throw new Error('too small');
  return quote;
};

/** Pairs of every shape of scale: 8 against 2, 18 against 2, 18 against 8, 2 against 2, 6 against 2. */
const pairs = fc.constantFrom(['BTC', 'USD'], ['ETH', 'USD'], ['ETH', 'BTC'], ['EUR', 'USD'], ['USDC', 'USD'] as const);
const mids = fc
  .tuple(pairs, fc.bigInt(1n, 10n ** 14n), fc.bigInt(1n, 10n ** 9n))
  .map(([[base, quote], numerator, denominator]) => rate(base as 'BTC', quote as 'USD', numerator, denominator));
/** A mid, and a reference and bound on either side of it: near, far, or the same. */
const aside = fc.oneof(fc.constant(0n), fc.bigInt(-10_000n, 10_000n), fc.bigInt(-900_000n, 5_000_000n));
const markets = fc.tuple(mids, aside, aside).map(([mid, reference, bound]): Market => {
  const moved = (ppm: bigint) => rate(mid.base, mid.quote, mid.numerator * (PPM + ppm), mid.denominator * PPM);
  return { mid, market: { reference: moved(reference), bound: moved(bound) } };
});
const terms: fc.Arbitrary<QuoteTerms> = fc.record({
  spreadPpm: fc.bigInt(0n, 500_000n),
  skewPpm: fc.bigInt(-500_000n, 500_000n),
  feePpm: fc.bigInt(0n, 500_000n),
  minFee: fc.bigInt(0n, 10_000n),
});
const sides = fc.constantFrom<Side>('BUY', 'SELL');
const modes = fc.constantFrom<Mode>('EXACT_IN', 'EXACT_OUT');
const amounts = fc.oneof(fc.bigInt(1n, 2_000n), fc.bigInt(1n, 10n ** 12n), fc.bigInt(1n, 10n ** 24n));

describe('a quote of 100 dollars at mid 60 000, spread 50 bps, fee 1.49 % but at least 0.99 (products.md §1.3)', () => {
  const quote = priced('BUY', 'EXACT_IN', parseAmount('100.00', 'USD'), parseRate('60000', 'BTC', 'USD'), usdTerms);

  it('asks 60 300 and takes a fee of 1.49', () => {
    expect(quote.price).toEqual(parseRate('60300', 'BTC', 'USD'));
    expect(quote.fee).toBe(parseAmount('1.49', 'USD'));
  });

  // 98.51 / 60 300 is 0.00163366|50…: the page prints it to the nearest satoshi, its rule says down, and the rule is what keeps E4 true.
  it('gives floor(98.51 / 60 300) bitcoin', () => {
    expect(quote.outAmount).toBe(parseAmount('0.00163366', 'BTC'));
  });

  it('costs 2.02 % all in', () => {
    expect(quote.allInPpm / 100n).toBe(202n);
  });

  it('attributes 98.02 to the coins at mid and 0.49 to the spread', () => {
    expect([quote.principal, quote.spread]).toEqual([parseAmount('98.02', 'USD'), parseAmount('0.49', 'USD')]);
  });

  it('takes the minimum fee where 1.49 % is less', () => {
    const small = priced('BUY', 'EXACT_IN', parseAmount('20.00', 'USD'), parseRate('60000', 'BTC', 'USD'), usdTerms);
    expect(small.fee).toBe(parseAmount('0.99', 'USD'));
  });

  it('refuses an amount that the minimum fee eats up', () => {
    const tiny = {
      side: 'BUY',
      mode: 'EXACT_IN',
      amount: 99n,
      mid: parseRate('60000', 'BTC', 'USD'),
      market: { reference: parseRate('60000', 'BTC', 'USD'), bound: parseRate('60000', 'BTC', 'USD') },
      terms: usdTerms,
    } as const;
    expect(priceQuote(tiny)).toBe('too_small');
  });
});

describe('properties of every quote', () => {
  it('what goes in is the sum of the legs, and no leg is negative', () => {
    fc.assert(
      fc.property(sides, modes, amounts, markets, terms, (side, mode, amount, market, using) => {
        const quote = priceQuote({ side, mode, amount, ...market, terms: using });
        if (quote === 'too_small') return;
        const { inAmount, outAmount, principal, spread, fee } = quote;
        expect(side === 'BUY' ? principal + spread + fee : outAmount + spread + fee).toBe(
          side === 'BUY' ? inAmount : principal,
        );
        expect([principal, spread, fee, outAmount, inAmount].every((leg) => leg >= 0n)).toBe(true);
        expect(mode === 'EXACT_IN' ? inAmount : outAmount).toBe(amount);
      }),
      { numRuns: RUNS },
    );
  });

  it('E7: agrees with an oracle that reckons in exact fractions and rounds once', () => {
    fc.assert(
      fc.property(sides, modes, amounts, markets, terms, (side, mode, amount, market, using) => {
        const quote = priceQuote({ side, mode, amount, ...market, terms: using });
        const expected = oracle(side, mode, amount, market, using);
        expect(quote === 'too_small' ? null : [quote.inAmount, quote.outAmount]).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it('E4: the customer never receives more than their money is worth at mid', () => {
    fc.assert(
      fc.property(sides, modes, amounts, markets, terms, (side, mode, amount, market, using) => {
        const quote = priceQuote({ side, mode, amount, ...market, terms: using });
        if (quote === 'too_small') return;
        expect(atMid(side, quote, market.mid)).toBe(true);
        expect(quote.allInPpm >= 0n).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('E4: buying and selling back at one mid never profits, whatever the skew did in between', () => {
    fc.assert(
      fc.property(amounts, markets, terms, terms, (amount, market, first, second) => {
        const bought = priceQuote({ side: 'BUY', mode: 'EXACT_IN', amount, ...market, terms: first });
        if (bought === 'too_small') return;
        const sold = priceQuote({ side: 'SELL', mode: 'EXACT_IN', amount: bought.outAmount, ...market, terms: second });
        if (sold === 'too_small') return;
        expect(sold.outAmount <= amount).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('E4: selling and buying back at one mid never profits', () => {
    fc.assert(
      fc.property(amounts, markets, terms, terms, (amount, market, first, second) => {
        const sold = priceQuote({ side: 'SELL', mode: 'EXACT_IN', amount, ...market, terms: first });
        if (sold === 'too_small') return;
        const bought = priceQuote({ side: 'BUY', mode: 'EXACT_IN', amount: sold.outAmount, ...market, terms: second });
        if (bought === 'too_small') return;
        expect(bought.outAmount <= amount).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('exact-out pays for what it names: the same money exact-in buys at least as much, and one unit less buys less or as much', () => {
    fc.assert(
      fc.property(sides, amounts, markets, terms, (side, amount, market, using) => {
        const named = priceQuote({ side, mode: 'EXACT_OUT', amount, ...market, terms: using });
        if (named === 'too_small') return;
        const paid = priceQuote({ side, mode: 'EXACT_IN', amount: named.inAmount, ...market, terms: using });
        expect(paid !== 'too_small' && paid.outAmount >= named.outAmount).toBe(true);
        const less = priceQuote({ side, mode: 'EXACT_IN', amount: named.inAmount - 1n, ...market, terms: using });
        expect(less === 'too_small' || less.outAmount < named.outAmount).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('exact-in gives no less than exact-out would charge for it', () => {
    fc.assert(
      fc.property(sides, amounts, markets, terms, (side, amount, market, using) => {
        const paid = priceQuote({ side, mode: 'EXACT_IN', amount, ...market, terms: using });
        if (paid === 'too_small') return;
        const named = priceQuote({ side, mode: 'EXACT_OUT', amount: paid.outAmount, ...market, terms: using });
        expect(named !== 'too_small' && named.inAmount <= amount).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('splitting an order never makes it cheaper', () => {
    fc.assert(
      fc.property(sides, amounts, amounts, markets, terms, (side, one, other, market, using) => {
        const whole = priceQuote({ side, mode: 'EXACT_IN', amount: one + other, ...market, terms: using });
        const parts = [one, other].map((amount) =>
          priceQuote({ side, mode: 'EXACT_IN', amount, ...market, terms: using }),
        );
        if (whole === 'too_small') return;
        const sum = parts.reduce((total, part) => total + (part === 'too_small' ? 0n : part.outAmount), 0n);
        expect(sum <= whole.outAmount).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

function atMid(side: Side, { inAmount, outAmount }: PricedQuote, mid: Rate): boolean {
  const [coins, cash] = side === 'BUY' ? [outAmount, inAmount] : [inAmount, outAmount];
  const coinValue = coins * mid.numerator * 10n ** BigInt(assetOf(mid.quote).scale);
  const cashValue = cash * mid.denominator * 10n ** BigInt(assetOf(mid.base).scale);
  return side === 'BUY' ? coinValue <= cashValue : cashValue <= coinValue;
}

/** Independent of the code above: a search over fractions instead of closed forms. */
function oracle(
  side: Side,
  mode: Mode,
  amount: bigint,
  { mid, market }: Market,
  using: QuoteTerms,
): [bigint, bigint] | null {
  // Minor quote units per minor base unit as the fraction p / q.
  const unit = (of: Rate): [bigint, bigint] => [
    of.numerator * 10n ** BigInt(assetOf(of.quote).scale),
    of.denominator * 10n ** BigInt(assetOf(of.base).scale),
  ];
  const [r, s] = unit(market.reference);
  let p = r * (PPM + (side === 'BUY' ? using.spreadPpm : -using.spreadPpm)) * (PPM + using.skewPpm);
  let q = s * PPM * PPM;
  for (const [p0, q0] of [unit(mid), unit(market.bound)])
    if (side === 'BUY' ? p * q0 < p0 * q : p * q0 > p0 * q) [p, q] = [p0, q0];
  const receives = (given: bigint): bigint => {
    if (side === 'BUY') {
      const net = given - feeOn(given, using);
      return net > 0n ? (net * q) / p : 0n;
    }
    const gross = (given * p) / q;
    return gross - feeOn(gross, using);
  };
  if (mode === 'EXACT_IN') {
    const out = receives(amount);
    return out > 0n ? [amount, out] : null;
  }
  // The least that has to be given: what is received never falls as more is given.
  let low = 0n;
  let high = 1n;
  while (receives(high) < amount) high *= 2n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (receives(middle) >= amount) high = middle;
    else low = middle;
  }
  return [high, amount];
}
