import {
  dustThreshold,
  feeForWeight,
  P2WPKH_INPUT_WEIGHT,
  outputWeight,
  transactionWeight,
} from './transaction-weight.js';

/** An unspent P2WPKH output that may be spent. */
export interface Coin {
  readonly txid: string;
  readonly vout: number;
  /** Satoshi. */
  readonly value: bigint;
}

export interface CoinRequest<C extends Coin> {
  readonly coins: readonly C[];
  /** Coins that must be spent whatever they bring: a fee bump has to conflict with the transaction it replaces. */
  readonly required?: readonly C[];
  readonly payments: readonly { readonly script: Uint8Array; readonly value: bigint }[];
  readonly changeScript: Uint8Array;
  /** Satoshi per 1,000 virtual bytes. */
  readonly feeRate: bigint;
  /** What spending the change later is expected to cost, same unit; decides when change is not worth making. */
  readonly futureFeeRate?: bigint;
  readonly maxInputs?: number;
  /** Uniform integer in `[0, below)`. */
  readonly randomBelow: (below: number) => number;
}

export interface CoinSelection<C extends Coin> {
  readonly coins: readonly C[];
  /** Value of the change output; `undefined` when there is none and the remainder went to the fee. */
  readonly change: bigint | undefined;
  readonly fee: bigint;
}

/** How many branches the search for a changeless set may visit. */
const BRANCH_LIMIT = 50_000;
const MAX_INPUTS = 200;

/**
 * Chooses coins for a payment: first a branch-and-bound search for a set that needs no change (Erhardt 2016), else a single random
 * draw with change, else the largest coins, so that what fits is always found. Coins that cost more to spend than they bring are
 * left alone. Promises: sum of coins = payments + change + fee; the fee reaches the rate; change is never dust; no coin twice.
 * `undefined` when the coins do not suffice.
 */
export function selectCoins<C extends Coin>(request: CoinRequest<C>): CoinSelection<C> | undefined {
  const budget = planBudget(request);
  const candidates = effectiveCoins(request);
  const chosen =
    branchAndBound(candidates, budget) ??
    randomDraw(candidates, budget, request.randomBelow) ??
    largestFirst(candidates, budget);
  if (chosen === undefined) return undefined;
  return settle(request, [...(request.required ?? []), ...chosen.map(({ coin }) => coin)]);
}

interface EffectiveCoin<C extends Coin> {
  readonly coin: C;
  /** What the coin brings after paying for its own input. */
  readonly effective: bigint;
}

interface Budget {
  /** What the optional coins have to bring, effectively, without change. Zero or below: the required ones suffice. */
  readonly target: bigint;
  /** What they have to bring when there is change worth keeping. */
  readonly targetWithChange: bigint;
  /** How much may go to the fee before making change would have been cheaper. */
  readonly costOfChange: bigint;
  readonly maxInputs: number;
}

const outpoint = (coin: Coin): string => `${coin.txid}:${coin.vout}`;

function planBudget<C extends Coin>(request: CoinRequest<C>): Budget {
  const { payments, feeRate, changeScript } = request;
  const required = request.required ?? [];
  const scriptLengths = payments.map(({ script }) => script.length);
  const spent = payments.reduce((sum, { value }) => sum + value, 0n);
  const brought = required.reduce((sum, { value }) => sum + value, 0n);
  // Weighed as if every count took three bytes, so that adding inputs later never lifts the fee above the plan.
  const fixed = feeForWeight(transactionWeight({ inputs: required.length, scriptLengths }) + 16, feeRate);
  const changeFee = feeForWeight(outputWeight(changeScript.length), feeRate);
  const spendLater = feeForWeight(P2WPKH_INPUT_WEIGHT, request.futureFeeRate ?? feeRate);
  const leastChange = dustThreshold(changeScript);
  const target = spent + fixed - brought;
  return {
    target,
    targetWithChange: target + changeFee + (leastChange > spendLater ? leastChange : spendLater),
    costOfChange: changeFee + spendLater,
    maxInputs: (request.maxInputs ?? MAX_INPUTS) - required.length,
  };
}

function effectiveCoins<C extends Coin>(request: CoinRequest<C>): EffectiveCoin<C>[] {
  const taken = new Set((request.required ?? []).map(outpoint));
  const inputFee = feeForWeight(P2WPKH_INPUT_WEIGHT + 4, request.feeRate);
  const effective: EffectiveCoin<C>[] = [];
  for (const coin of request.coins) {
    if (taken.has(outpoint(coin)) || coin.value <= inputFee) continue;
    taken.add(outpoint(coin));
    effective.push({ coin, effective: coin.value - inputFee });
  }
  return effective.sort((a, b) => (a.effective < b.effective ? 1 : a.effective > b.effective ? -1 : 0));
}

function branchAndBound<C extends Coin>(
  coins: readonly EffectiveCoin<C>[],
  budget: Budget,
): EffectiveCoin<C>[] | undefined {
  const upper = budget.target + budget.costOfChange;
  if (budget.target <= 0n) return upper >= 0n ? [] : undefined;
  const restFrom = suffixSums(coins);
  let best: { picked: number[]; waste: bigint } | undefined;
  const picked: number[] = [];
  let sum = 0n;
  let visits = 0;

  const visit = (at: number): void => {
    if (++visits > BRANCH_LIMIT || best?.waste === 0n) return;
    if (sum > upper || sum + (restFrom[at] ?? 0n) < budget.target) return;
    if (sum >= budget.target) {
      const waste = sum - budget.target;
      if (best === undefined || waste < best.waste) best = { picked: [...picked], waste };
      return;
    }
    const coin = coins[at];
    if (coin === undefined || picked.length >= budget.maxInputs) return;
    picked.push(at);
    sum += coin.effective;
    visit(at + 1);
    picked.pop();
    sum -= coin.effective;
    // A coin equal to the one just left out leads to the same sums: skip the whole run of them.
    let next = at + 1;
    while (coins[next]?.effective === coin.effective) next++;
    visit(next);
  };

  // The depth of the recursion is the number of coins; beyond a thousand an exact match is luck that is not worth the stack.
  if (coins.length <= 1000) visit(0);
  return best?.picked.flatMap((at) => coins[at] ?? []);
}

function randomDraw<C extends Coin>(
  coins: readonly EffectiveCoin<C>[],
  budget: Budget,
  randomBelow: (below: number) => number,
): EffectiveCoin<C>[] | undefined {
  return accumulate(shuffled(coins, randomBelow), budget, budget.targetWithChange);
}

function largestFirst<C extends Coin>(
  coins: readonly EffectiveCoin<C>[],
  budget: Budget,
): EffectiveCoin<C>[] | undefined {
  return accumulate(coins, budget, budget.targetWithChange) ?? accumulate(coins, budget, budget.target);
}

function accumulate<C extends Coin>(
  order: readonly EffectiveCoin<C>[],
  budget: Budget,
  goal: bigint,
): EffectiveCoin<C>[] | undefined {
  const chosen: EffectiveCoin<C>[] = [];
  let sum = 0n;
  for (const coin of order) {
    if (sum >= goal) break;
    if (chosen.length >= budget.maxInputs) return undefined;
    chosen.push(coin);
    sum += coin.effective;
  }
  return sum >= goal ? chosen : undefined;
}

/** Fixes change and fee from the coins actually chosen: change if what is left over is worth an output, else all of it is fee. */
function settle<C extends Coin>(request: CoinRequest<C>, coins: readonly C[]): CoinSelection<C> | undefined {
  const scriptLengths = request.payments.map(({ script }) => script.length);
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  const paid = request.payments.reduce((sum, { value }) => sum + value, 0n);
  const feeWithout = feeForWeight(transactionWeight({ inputs: coins.length, scriptLengths }), request.feeRate);
  const feeWith = feeForWeight(
    transactionWeight({ inputs: coins.length, scriptLengths: [...scriptLengths, request.changeScript.length] }),
    request.feeRate,
  );
  const spendLater = feeForWeight(P2WPKH_INPUT_WEIGHT, request.futureFeeRate ?? request.feeRate);
  const change = total - paid - feeWith;
  if (change >= dustThreshold(request.changeScript) && change > spendLater) return { coins, change, fee: feeWith };
  const fee = total - paid;
  return fee >= feeWithout ? { coins, change: undefined, fee } : undefined;
}

/** Fisher–Yates with the caller's randomness. */
export function shuffled<T>(items: readonly T[], randomBelow: (below: number) => number): T[] {
  const order = [...items];
  for (let at = order.length - 1; at > 0; at--) {
    const other = randomBelow(at + 1);
    const held = order[at];
    const swapped = order[other];
    if (held === undefined || swapped === undefined) throw new RangeError('randomBelow left its range');
    order[at] = swapped;
    order[other] = held;
  }
  return order;
}

function suffixSums<C extends Coin>(coins: readonly EffectiveCoin<C>[]): bigint[] {
  const sums = new Array<bigint>(coins.length + 1).fill(0n);
  for (let at = coins.length - 1; at >= 0; at--) sums[at] = (sums[at + 1] ?? 0n) + (coins[at]?.effective ?? 0n);
  return sums;
}
