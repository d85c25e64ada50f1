import { formatAmount, type AssetCode } from '@core/money';
import { refuse } from '@base/http';
import { type OrderState } from './order.js';

/** Every refusal of the brokerage by its stable code. */
export type BrokerageRefusal =
  | 'pair_not_offered'
  | 'method_not_offered'
  | 'pair_paused'
  | 'side_closed'
  | 'amount_too_small'
  | 'amount_too_large'
  | 'limit_exceeded'
  | 'too_many_open_orders'
  | 'quote_not_found'
  | 'quote_expired'
  | 'quote_used'
  | 'quote_voided'
  | 'order_not_found'
  | 'order_state'
  | 'order_value_changed'
  | 'price_moved'
  | 'insufficient_funds'
  | 'own_funds_insufficient'
  | 'receipt_not_found';

const because = (code: BrokerageRefusal, about: Parameters<typeof refuse>[1]) => refuse(code, about);

export const pairNotOffered = () =>
  because('pair_not_offered', {
    status: 422,
    title: 'This conversion is not offered',
    detail: 'GET /v1/brokerage/pairs lists what can be bought, sold and swapped.',
    field: 'to',
  });

export const methodNotOffered = () =>
  because('method_not_offered', {
    status: 422,
    title: 'This payment method does not fit this conversion',
    detail: 'Sales and swaps are paid from your balance; GET /v1/brokerage/pairs names the methods of each pair.',
    field: 'method',
  });

export const pairPaused = (pair: string, reason: string) =>
  because('pair_paused', { status: 409, title: `${pair} is paused`, detail: `${reason} Other pairs may be open.` });

export const sideClosed = (asset: AssetCode) =>
  because('side_closed', {
    status: 409,
    title: 'This direction is closed for the moment',
    detail: `The house has reached its limit in ${asset}. The other direction is open; try this one again later.`,
  });

export const amountTooSmall = (minimum: bigint, asset: AssetCode) =>
  because('amount_too_small', {
    status: 422,
    title: 'The amount is too small',
    detail: `An order is worth at least ${formatAmount(minimum, asset)} ${asset}.`,
    field: 'amount',
  });

export const amountTooLarge = (maximum: bigint, asset: AssetCode) =>
  because('amount_too_large', {
    status: 422,
    title: 'The amount is too large',
    detail: `An order is worth at most ${formatAmount(maximum, asset)} ${asset}. Split it, or ask the desk.`,
    field: 'amount',
  });

export const limitExceeded = (what: string, availableCents: bigint) =>
  because('limit_exceeded', {
    status: 422,
    title: 'This is above your limit',
    detail: `Your ${what} limit has ${formatAmount(availableCents, 'USD')} USD left. GET /v1/brokerage/limits shows all of them and how to raise them.`,
    field: 'amount',
  });

export const tooManyOpenOrders = (most: number) =>
  because('too_many_open_orders', {
    status: 409,
    title: 'Too many orders wait for payment',
    detail: `At most ${most} orders may be unpaid at a time. Pay or cancel one.`,
  });

export const quoteNotFound = () =>
  because('quote_not_found', {
    status: 404,
    title: 'There is no such quote',
    detail: 'Ask for a new one.',
    field: 'quoteId',
  });

export const quoteExpired = () =>
  because('quote_expired', {
    status: 409,
    title: 'The quote has expired',
    detail: 'Ask for a new one; the price may differ.',
    field: 'quoteId',
  });

export const quoteUsed = () =>
  because('quote_used', {
    status: 409,
    title: 'The quote has been used',
    detail: 'Each quote makes one order. Ask for a new one.',
    field: 'quoteId',
  });

export const quoteVoided = () =>
  because('quote_voided', {
    status: 409,
    title: 'The quote was withdrawn',
    detail: 'Trading in this pair was stopped after it was given. Ask for a new one.',
    field: 'quoteId',
  });

export const orderNotFound = () =>
  because('order_not_found', {
    status: 404,
    title: 'There is no such order',
    detail: 'GET /v1/brokerage/orders lists yours.',
  });

export const orderState = (state: OrderState, wanted: string) =>
  because('order_state', {
    status: 409,
    title: `An order that is ${state} cannot be ${wanted}`,
    detail: 'Read the order again: its state may have changed.',
  });

export const orderValueChanged = (out: bigint, asset: AssetCode) =>
  because('order_value_changed', {
    status: 409,
    title: 'The price has moved further',
    detail: `The order would now give ${formatAmount(out, asset)} ${asset}. Accept again with that as the minimum, or cancel.`,
    field: 'minimumOut',
  });

export const priceMoved = () =>
  because('price_moved', {
    status: 409,
    title: 'The market has moved too far from this quote',
    detail: 'Nothing was bought or sold. Ask for a new quote.',
  });

export const insufficientFunds = (asset: AssetCode) =>
  because('insufficient_funds', {
    status: 422,
    title: `There is not enough ${asset} in your balance`,
    detail: 'GET /v1/balances shows what is available. Deposit more, or convert less.',
    field: 'amount',
  });

export const ownFundsInsufficient = (asset: AssetCode) =>
  because('own_funds_insufficient', {
    status: 422,
    title: `The house does not own that much ${asset}`,
    detail: 'Inventory is funded from the house’s own capital: first deposit it (owner “house”), then assign it here.',
    field: 'amount',
  });

export const receiptNotFound = () =>
  because('receipt_not_found', {
    status: 404,
    title: 'There is no receipt yet',
    detail: 'A receipt exists once the order has been executed.',
  });
