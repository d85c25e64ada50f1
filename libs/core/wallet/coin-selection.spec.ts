import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  dustThreshold,
  feeForWeight,
  P2WPKH_INPUT_WEIGHT,
  selectCoins,
  transactionWeight,
  type Coin,
} from './index.js';

const p2wpkh = new Uint8Array(22).fill(0);
p2wpkh[1] = 0x14;
const p2pkh = new Uint8Array(25);
const p2sh = new Uint8Array(23).fill(0xa9);
const p2tr = Uint8Array.from([0x51, 0x20, ...new Uint8Array(32)]);

/** A small generator of our own, so that a failing case replays from its seed. */
const seededBelow = (seed: number) => {
  let state = seed >>> 0 || 1;
  return (below: number): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
};

const coinsOf = (values: readonly bigint[]): Coin[] =>
  values.map((value, vout) => ({ txid: 'aa'.repeat(32), vout, value }));
const sum = (coins: readonly Coin[]): bigint => coins.reduce((total, { value }) => total + value, 0n);

describe('coin selection', () => {
  it('dust thresholds are those of Bitcoin Core at its default relay fee', () => {
    expect(dustThreshold(p2wpkh)).toBe(294n);
    expect(dustThreshold(p2tr)).toBe(330n);
    expect(dustThreshold(p2pkh)).toBe(546n);
    expect(dustThreshold(p2sh)).toBe(540n);
  });

  it('D12: whatever the coins, sums are exact, the fee reaches the rate, change is no dust and no coin is used twice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1n, max: 5_000_000n }), { maxLength: 60 }),
        fc.array(fc.bigInt({ min: 546n, max: 9_000_000n }), { minLength: 1, maxLength: 4 }),
        fc.bigInt({ min: 1_000n, max: 300_000n }),
        fc.nat({ max: 3 }),
        fc.integer({ min: 1 }),
        (values, payments, feeRate, requiredCount, seed) => {
          const coins = coinsOf(values);
          const required = coins.slice(0, requiredCount);
          const paid = payments.reduce((total, value) => total + value, 0n);
          const selection = selectCoins({
            coins,
            required,
            payments: payments.map((value) => ({ script: p2pkh, value })),
            changeScript: p2wpkh,
            feeRate,
            randomBelow: seededBelow(seed),
          });
          if (selection === undefined) {
            // Only when it truly does not fit: all coins that pay their own way, together, fall short of the payment and its fee.
            const useful = coins.filter(
              (coin) => required.includes(coin) || coin.value > feeForWeight(P2WPKH_INPUT_WEIGHT + 4, feeRate),
            );
            const lengths = payments.map(() => p2pkh.length);
            const most = feeForWeight(
              transactionWeight({ inputs: useful.length, scriptLengths: [...lengths, 22] }) + 100,
              feeRate,
            );
            expect(sum(useful) - paid).toBeLessThan(most + BigInt(useful.length));
            return;
          }
          const lengths = [
            ...payments.map(() => p2pkh.length),
            ...(selection.change === undefined ? [] : [p2wpkh.length]),
          ];
          const least = feeForWeight(
            transactionWeight({ inputs: selection.coins.length, scriptLengths: lengths }),
            feeRate,
          );
          expect(sum(selection.coins)).toBe(paid + (selection.change ?? 0n) + selection.fee);
          expect(selection.fee).toBeGreaterThanOrEqual(least);
          if (selection.change !== undefined) expect(selection.change).toBeGreaterThanOrEqual(294n);
          expect(new Set(selection.coins.map(({ vout }) => vout)).size).toBe(selection.coins.length);
          for (const coin of required) expect(selection.coins).toContain(coin);
          // What goes to the fee beyond the rate is less than making and spending change would have cost, or dust.
          const slack = feeForWeight(P2WPKH_INPUT_WEIGHT, feeRate) + feeForWeight(4 * 31, feeRate) + 294n;
          expect(selection.fee - least).toBeLessThanOrEqual(slack);
        },
      ),
      { numRuns: process.env['TORTURE'] ? 20_000 : 400 },
    );
  });

  it('finds a set that needs no change when there is one', () => {
    // A little above the exact fee, as exact matches are: the search plans for the largest signatures.
    const fee = feeForWeight(transactionWeight({ inputs: 2, scriptLengths: [25] }), 10_000n) + 100n;
    const coins = coinsOf([700_000n, 123_457n, 500_000n, 300_000n + fee, 40_000n]);
    const selection = selectCoins({
      coins,
      payments: [{ script: p2pkh, value: 800_000n }],
      changeScript: p2wpkh,
      feeRate: 10_000n,
      randomBelow: seededBelow(3),
    });
    expect(selection?.change).toBeUndefined();
    expect(selection?.coins.map(({ value }) => value)).toEqual([500_000n, 300_000n + fee]);
  });

  it('leaves coins alone that cost more to spend than they bring, and respects the input limit', () => {
    const dusty = coinsOf([...new Array<bigint>(50).fill(300n), 90_000n, 80_000n]);
    const request = {
      payments: [{ script: p2pkh, value: 100_000n }],
      changeScript: p2wpkh,
      feeRate: 20_000n,
      randomBelow: seededBelow(5),
    };
    expect(
      selectCoins({ ...request, coins: dusty })
        ?.coins.map(({ value }) => value)
        .sort(),
    ).toEqual([80_000n, 90_000n]);
    const many = coinsOf(new Array<bigint>(400).fill(10_000n));
    expect(selectCoins({ ...request, coins: many, feeRate: 1_000n, maxInputs: 5 })).toBeUndefined();
    expect(selectCoins({ ...request, coins: many, feeRate: 1_000n, maxInputs: 12 })?.coins.length).toBeLessThanOrEqual(
      12,
    );
  });

  it('draws coins at random, so that which coin pays does not tell how rich the wallet is', () => {
    const coins = coinsOf(new Array<bigint>(40).fill(0n).map((_, at) => 100_000n + BigInt(at) * 7_919n));
    const picked = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const selection = selectCoins({
        coins,
        payments: [{ script: p2pkh, value: 55_555n }],
        changeScript: p2wpkh,
        feeRate: 1_000n,
        randomBelow: seededBelow(seed * 2654435761),
      });
      for (const { vout } of selection?.coins ?? []) picked.add(vout);
    }
    expect(picked.size).toBeGreaterThan(15);
  });
});
