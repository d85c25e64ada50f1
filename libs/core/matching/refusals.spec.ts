/** What the engine refuses, why, and that a refused command has changed nothing but the count of commands. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ANY, engineEvents, type EngineCommandDraft, type EngineEvent } from '@core/contracts';
import { accountBalance, bookDepth, digest, lastSequence, openOrders, reset } from './index.js';
import { applyToEngine, openingCommands } from './testing/index.js';

type Draft<K extends EngineCommandDraft['kind']> = Extract<EngineCommandDraft, { kind: K }>;

/** Customer 17 is rich, 18 is poor; instrument 0 is spot with ticks 1 to 80, instrument 2 is margined. */
const RICH = 17;
const POOR = 18;

const send = (draft: EngineCommandDraft): EngineEvent[] =>
  engineEvents.decodeAll(applyToEngine({ ...draft, sequence: lastSequence() + 1n, time: 1n }));

const order = (more: Partial<Draft<'place'>> = {}): Draft<'place'> => ({
  kind: 'place',
  instrument: 0,
  account: RICH,
  clientOrderId: 0n,
  quantity: 5n,
  price: 40,
  side: 'buy',
  type: 'limit',
  timeInForce: 'gtc',
  selfTrade: 'cancel-newest',
  instructions: 0,
  triggerPrice: 0,
  ...more,
});

const accepted = (draft: EngineCommandDraft): bigint => {
  const [first] = send(draft);
  if (first?.kind !== 'order-accepted') throw new Error(`not accepted: ${first?.kind}`);
  return first.orderId;
};

beforeEach(() => {
  reset();
  for (const draft of openingCommands()) send(draft);
});

/** Commands are counted, so the state is compared with that after a tick in place of the command. */
function stateAfter(draft: EngineCommandDraft): { events: EngineEvent[]; isUnchanged: boolean } {
  const sequence = lastSequence() + 1n;
  const before = { open: openOrders(), book: [bookDepth(0, 'buy', 9), bookDepth(0, 'sell', 9)], money: [RICH, POOR].map((who) => [0, 1, 2, 3].map((asset) => accountBalance(who, asset))) }; // prettier-ignore
  const events = engineEvents.decodeAll(applyToEngine({ ...draft, sequence, time: 1n }));
  const after = { open: openOrders(), book: [bookDepth(0, 'buy', 9), bookDepth(0, 'sell', 9)], money: [RICH, POOR].map((who) => [0, 1, 2, 3].map((asset) => accountBalance(who, asset))) }; // prettier-ignore
  return { events, isUnchanged: JSON.stringify(before, text) === JSON.stringify(after, text) };
}
const text = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

describe('an order is refused', () => {
  test.each<[string, Partial<Draft<'place'>>, string]>([
    ['of an unknown account', { account: 999 }, 'unknown_account'],
    ['in the name of the venue', { account: 0 }, 'unknown_account'],
    ['for an unknown instrument', { instrument: 9 }, 'unknown_instrument'],
    ['for an instrument that could not exist', { instrument: ANY }, 'unknown_instrument'],
    ['without a quantity', { quantity: 0n }, 'invalid_quantity'],
    ['with a negative quantity', { quantity: -1n }, 'invalid_quantity'],
    ['below the smallest size', { instrument: 1, quantity: 1n }, 'quantity_below_minimum'],
    ['above the largest size', { quantity: 501n }, 'quantity_above_maximum'],
    ['of 2^63 - 1 lots', { quantity: (1n << 63n) - 1n }, 'quantity_above_maximum'],
    ['without a price', { price: 0 }, 'invalid_price'],
    ['at a negative price', { price: -40 }, 'invalid_price'],
    ['above the highest price', { price: 81 }, 'invalid_price'],
    ['at market with a price', { type: 'market', timeInForce: 'ioc' }, 'invalid_price'],
    ['at market that would rest', { type: 'market', price: 0 }, 'invalid_combination'],
    ['as a stop without a trigger', { type: 'stop', price: 0 }, 'invalid_trigger_price'],
    ['with a trigger that is no stop', { triggerPrice: 3 }, 'invalid_trigger_price'],
    ['that is post-only and immediate', { instructions: 1, timeInForce: 'ioc' }, 'invalid_combination'],
    ['that may only reduce, in spot', { instructions: 2, timeInForce: 'ioc' }, 'not_margined'],
    ['with instructions from the future', { instructions: 64 }, 'malformed'],
    ['showing more than there is', { displayQuantity: 6n }, 'invalid_display_quantity'],
    ['wanting at least more than all', { timeInForce: 'ioc', minimumQuantity: 6n }, 'invalid_minimum_quantity'],
    ['with a budget that is no market buy', { budget: 5n }, 'invalid_combination'],
    ['that has expired', { timeInForce: 'gtd', expiresAt: 1n }, 'invalid_expiry'],
    ['that never expires but says when', { expiresAt: 5n }, 'invalid_expiry'],
    ['that cannot be filled and must be', { timeInForce: 'fok' }, 'fill_or_kill_unfilled'],
    ['beyond the money there is', { account: POOR, quantity: 500n, price: 80 }, 'insufficient_funds'],
    ['beyond the coins there are', { account: POOR, side: 'sell', quantity: 151n }, 'insufficient_funds'],
  ])('%s', (_what, more, reason) => {
    const { events, isUnchanged } = stateAfter(order(more));
    expect(events).toEqual([expect.objectContaining({ kind: 'order-rejected', reason })]);
    expect(isUnchanged).toBe(true);
  });

  test('when its client order id is taken, and when the order that had it is gone', () => {
    const id = accepted(order({ clientOrderId: 7n }));
    expect(stateAfter(order({ clientOrderId: 7n }))).toMatchObject({ events: [{ reason: 'duplicate_client_order_id' }], isUnchanged: true }); // prettier-ignore
    send({ kind: 'cancel', account: RICH, orderId: id });
    expect(send(order({ clientOrderId: 7n }))).toMatchObject([{ reason: 'duplicate_client_order_id' }]);
    // Ids belong to the account: another may use it.
    expect(send(order({ clientOrderId: 7n, account: 19 }))).toMatchObject([{ kind: 'order-accepted' }]);
  });
});

describe('a cancel or replace is refused', () => {
  test.each<[string, (id: bigint) => EngineCommandDraft, string]>([
    ['of an order that never was', () => ({ kind: 'cancel', account: RICH, orderId: 1n }), 'unknown_order'],
    ['of another customer’s order', (orderId) => ({ kind: 'cancel', account: POOR, orderId }), 'unknown_order'],
    ['by a client id that is not open', () => ({ kind: 'cancel-by-client-id', account: RICH, clientOrderId: 99n }), 'unknown_order'],
    ['to nothing', (orderId) => ({ kind: 'replace', account: RICH, orderId, price: 40, quantity: 0n, quantityMeans: 'open', postOnly: 'kept' }), 'invalid_quantity'],
    ['to a price off the ladder', (orderId) => ({ kind: 'replace', account: RICH, orderId, price: 81, quantity: 5n, quantityMeans: 'open', postOnly: 'kept' }), 'invalid_price'],
    ['to more than there is money for', (orderId) => ({ kind: 'replace', account: POOR, orderId, price: 40, quantity: 400n, quantityMeans: 'open', postOnly: 'kept' }), 'unknown_order'],
  ])('%s', (_what, draft, reason) => {
    const id = accepted(order());
    const { events, isUnchanged } = stateAfter(draft(id));
    expect(events).toEqual([expect.objectContaining({ kind: 'order-rejected', reason })]);
    expect(isUnchanged).toBe(true);
  }); // prettier-ignore
});

describe('money is refused', () => {
  const transfer = (more: Partial<Draft<'credit'>>): EngineCommandDraft => ({ kind: 'credit', account: RICH, asset: 0, amount: 5n, transferHigh: 9n, transferLow: 9n, ...more }); // prettier-ignore

  test.each<[string, EngineCommandDraft, string]>([
    ['when it is none', transfer({ amount: 0n }), 'invalid_amount'],
    ['when it is less than none', transfer({ amount: -5n }), 'invalid_amount'],
    ['in an asset that cannot be', transfer({ asset: 500 }), 'unknown_asset'],
    ['for an account that cannot be', transfer({ account: 1 << 18 }), 'unknown_account'],
    ['when a sum could overflow', transfer({ amount: 1n << 62n }), 'balance_overflow'],
    ['when it is taken from who has not got it', { ...transfer({ account: POOR, amount: 2_001n }), kind: 'debit' } as EngineCommandDraft, 'insufficient_funds'],
    ['when it is more than the venue earned, though nobody ever credited its account', { ...transfer({ account: 0, amount: 1n << 40n }), kind: 'debit' } as EngineCommandDraft, 'insufficient_funds'],
  ])('%s', (_what, draft, reason) => {
    const { events, isUnchanged } = stateAfter(draft);
    expect(events).toEqual([expect.objectContaining({ kind: 'transfer-rejected', reason })]);
    expect(isUnchanged).toBe(true);
  }); // prettier-ignore

  test('a transfer that is repeated is acknowledged and not applied; its id with another body is refused', () => {
    send(transfer({}));
    const before = accountBalance(RICH, 0);
    expect(send(transfer({}))).toMatchObject([{ kind: 'transfer-settled', outcome: 'repeated' }]);
    expect(send(transfer({ amount: 6n }))).toMatchObject([{ kind: 'transfer-rejected', reason: 'transfer_id_reused' }]);
    expect(accountBalance(RICH, 0)).toEqual(before);
  });
});

test('an instrument whose limits could overflow is refused when it is listed', () => {
  const [listing] = openingCommands().filter((draft) => draft.kind === 'list-instrument');
  if (listing === undefined) throw new Error('nothing is listed');
  const wide = { ...listing, instrument: 7, maximumPrice: (1 << 25) - 2 };
  expect(send({ ...wide, maximumQuantity: 1n << 38n })).toMatchObject([{ kind: 'command-rejected', reason: 'instrument_could_overflow' }]); // prettier-ignore
  expect(send({ ...wide, maximumQuantity: 1n << 36n })).toMatchObject([{ kind: 'instrument-listed' }]);
});

test('A19: a halted instrument takes cancels and gives a reason for everything else; others trade on', () => {
  const id = accepted(order());
  accepted(order({ account: 19, side: 'sell', price: 41 }));
  send({ kind: 'set-state', instrument: 0, state: 'halted' });
  expect(send(order())).toMatchObject([{ reason: 'instrument_halted' }]);
  expect(send({ kind: 'replace', account: RICH, orderId: id, price: 41, quantity: 5n, quantityMeans: 'open', postOnly: 'kept' })).toMatchObject([{ reason: 'instrument_halted' }]); // prettier-ignore
  expect(send({ kind: 'cancel', account: RICH, orderId: id })).toMatchObject([{ kind: 'order-cancelled' }]);
  accepted(order({ instrument: 3, account: 19, side: 'sell', price: 40 }));
  expect(send(order({ instrument: 3 })).map(({ kind }) => kind)).toContain('trade');
  const state = digest();
  expect(send({ kind: 'audit' })).toMatchObject([{ outcome: 'sound' }]);
  expect(digest()).not.toBe(state);
});
