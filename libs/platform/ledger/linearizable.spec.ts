import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accountsModel, type AccountsAnswer, type AccountsOp, type Call, checkLinearizable } from './testing/index.js';

/** The checker of B15 is itself held against histories made by hand, and against trying every order. */

type Made = Call<AccountsOp, AccountsAnswer>;

const model = accountsModel({ a: { balance: 100n, version: 0n }, b: { balance: 0n, version: 0n } });
const check = (...history: Made[]): boolean => checkLinearizable(model, history).isLinearizable;

/** `[made, returned]`; no second number: no answer came. */
type When = readonly [number, number?];
const call = ([invoked, at]: When, op: AccountsOp, answer: AccountsAnswer): Made => ({
  op,
  invoked,
  ...(at !== undefined && { returned: { at, answer } }),
});
const pay = (when: When, amount: bigint, from = 'a', to = 'b'): Made =>
  call(when, { do: 'transfer', from, to, amount }, { is: 'posted' });
const refused = (when: When, amount: bigint, from = 'a', to = 'b'): Made =>
  call(when, { do: 'transfer', from, to, amount }, { is: 'refused' });
const read = (when: When, account: string, balance: bigint): Made =>
  call(when, { do: 'read', account }, { is: 'read', saw: { balance } });

describe('the checker accepts', () => {
  it('nothing, and one thing after the other', () => {
    expect(check()).toBe(true);
    expect(check(read([1, 2], 'a', 100n), pay([3, 4], 30n), read([5, 6], 'a', 70n), read([7, 8], 'b', 30n))).toBe(true);
  });

  it('either value while a transfer is under way, in the order that readers see them', () => {
    expect(check(pay([1, 8], 30n), read([2, 3], 'a', 100n), read([4, 5], 'a', 70n), read([6, 7], 'b', 30n))).toBe(true);
    expect(check(pay([1, 4], 30n), read([2, 5], 'a', 100n), read([3, 6], 'a', 70n))).toBe(true);
  });

  it('transfers at once of which the balance covers one', () => {
    expect(check(pay([1, 5], 80n), refused([2, 6], 80n), read([7, 8], 'b', 80n))).toBe(true);
    expect(check(refused([1, 5], 80n), pay([2, 6], 80n), pay([7, 8], 20n))).toBe(true);
  });

  it('an unknown outcome that happened, now or much later, or that never did', () => {
    expect(check(pay([1], 30n), read([2, 3], 'a', 70n))).toBe(true);
    expect(check(pay([1], 30n), read([2, 3], 'a', 100n), read([4, 5], 'a', 70n))).toBe(true);
    expect(check(pay([1], 30n), read([2, 3], 'a', 100n), read([4, 5], 'a', 100n))).toBe(true);
  });
});

describe('the checker rejects', () => {
  it('a stale read after an acknowledged write', () => {
    expect(check(pay([1, 2], 30n), read([3, 4], 'a', 100n))).toBe(false);
  });

  it('a value that goes back', () => {
    expect(check(pay([1, 8], 30n), read([2, 3], 'a', 70n), read([4, 5], 'a', 100n))).toBe(false);
  });

  it('a lost update', () => {
    expect(check(pay([1, 4], 30n), pay([2, 3], 20n), read([5, 6], 'a', 70n))).toBe(false);
  });

  it('a double spend', () => {
    expect(check(pay([1, 4], 80n), pay([2, 3], 80n))).toBe(false);
  });

  it('a refusal of what was covered all the time', () => {
    expect(check(refused([1, 2], 100n))).toBe(false);
    expect(check(pay([1, 2], 30n), refused([3, 4], 70n))).toBe(false);
  });

  it('an acknowledged transfer of which nothing is there', () => {
    expect(check(pay([1, 2], 30n), read([3, 4], 'b', 0n))).toBe(false);
  });

  it('money from nowhere', () => {
    expect(check(read([1, 2], 'b', 1n))).toBe(false);
    expect(check(pay([3], 30n), read([1, 2], 'a', 70n))).toBe(false);
  });

  it('an unknown outcome that was seen and then was not', () => {
    expect(check(pay([1], 30n), read([2, 3], 'a', 70n), read([4, 5], 'a', 100n))).toBe(false);
  });

  it('half a transfer, though each account by itself would pass', () => {
    expect(check(pay([1, 8], 30n), read([2, 3], 'b', 30n), read([4, 5], 'a', 100n))).toBe(false);
  });

  it('a version that another transfer has', () => {
    const posted = (when: When, version: bigint): Made =>
      call(when, { do: 'transfer', from: 'a', to: 'b', amount: 1n }, { is: 'posted', from: { version } });
    expect(check(posted([1, 4], 1n), posted([2, 3], 2n))).toBe(true);
    expect(check(posted([1, 4], 1n), posted([2, 3], 1n))).toBe(false);
    expect(check(posted([1, 2], 2n), posted([3, 4], 1n))).toBe(false);
  });

  it('and says how far it came and where it was stuck', () => {
    const [paid, seen] = [pay([1, 2], 30n), read([3, 4], 'a', 100n)];
    expect(checkLinearizable(model, [paid, seen])).toEqual({ isLinearizable: false, explained: [paid], stuckAt: [seen] }); // prettier-ignore
  });
});

it('gives up aloud when a history is too hard, and calls it neither sound nor unsound', () => {
  const history = [...Array.from({ length: 12 }, (_, n) => pay([n, 100 + n], BigInt(n + 1))), read([200, 201], 'a', 99n)]; // prettier-ignore
  expect(() => checkLinearizable(model, history, { budget: 50 })).toThrow('within 50 tries');
});

/** The slow twin: every order of every choice of the calls without answer. */
function isLinearizableByTryingAll(history: readonly Made[]): boolean {
  const extend = (state: ReturnType<typeof model.step>, rest: readonly Made[]): boolean => {
    if (state === undefined) return false;
    if (rest.every(({ returned }) => returned === undefined)) return true;
    return rest.some((next) => {
      const isMinimal = rest.every(({ returned }) => (returned?.at ?? Infinity) > next.invoked);
      return isMinimal && extend(model.step(state, next.op, next.returned?.answer), rest.filter((other) => other !== next)); // prettier-ignore
    });
  };
  return extend(model.initial, history);
}

it('agrees with trying every order, on short histories true and false', () => {
  const amount = fc.constantFrom(20n, 50n, 80n);
  const made = fc.oneof(
    fc.record({ kind: fc.constantFrom('pay' as const, 'refused' as const), amount, back: fc.boolean() }),
    fc.record({ kind: fc.constant('read' as const), amount: fc.constantFrom(0n, 20n, 30n, 50n, 80n, 100n), back: fc.boolean() }), // prettier-ignore
  );
  let [accepted, rejected] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(fc.record({ made, from: fc.nat(12), takes: fc.option(fc.integer({ min: 1, max: 9 }), { freq: 6 }) }), { minLength: 1, maxLength: 5 }), // prettier-ignore
      (calls) => {
        const history = calls.map(({ made: { kind, amount: of, back }, from, takes }, index) => {
          const when: When = takes === null ? [from * 10 + index] : [from * 10 + index, (from + takes) * 10 + index];
          const [one, other] = back ? ['b', 'a'] : ['a', 'b'];
          if (kind === 'read') return read(when, one, of);
          return (kind === 'pay' ? pay : refused)(when, of, one, other);
        });
        const expected = isLinearizableByTryingAll(history);
        if (expected) accepted += 1;
        else rejected += 1;
        expect(check(...history)).toBe(expected);
      },
    ),
    { numRuns: 3_000, verbose: 1 },
  );
  expect(Math.min(accepted, rejected)).toBeGreaterThan(100);
});
