/**
 * The exchange engine's language, version 1: commands in, events out. The same bytes are the journal, the stream to a
 * standby and the link to gateways. This file is the schema; `binary-schema.ts` says how it lies in memory.
 *
 * Units: prices in ticks of the instrument, quantities in its lots, amounts in the engine's units of the asset, rates in
 * parts per million, times in microseconds since the Unix epoch. Accounts, assets and instruments are small numbers.
 *
 * A command's `origin` is the session that sent it; the sequencer sets `sequence` and `time`. An event repeats both of
 * its command, and its `origin` is its index within that command, from 0: (sequence, index) has no gap and no repeat.
 *
 * Messages and codes may be appended while those before them stand as they are: what was written before reads as it did. A change
 * of a layout or of what a code means is a new VERSION.
 */
import { Codec, message, type Decoded, type Draft } from './binary-schema.js';

export const ENGINE_CODEC_VERSION = 1;

export const SIDES = ['buy', 'sell'] as const;
export const ORDER_TYPES = ['limit', 'market', 'stop', 'stop-limit', 'trailing-stop'] as const;
export const TIMES_IN_FORCE = ['gtc', 'ioc', 'fok', 'gtd'] as const;
/** What happens instead of a trade between two orders of one account; decided by the arriving order. */
export const SELF_TRADE_RULES = ['allow', 'cancel-newest', 'cancel-oldest', 'cancel-both', 'decrement'] as const;
/**
 * pre-open: orders collect for an auction, nothing trades. open: continuous trading; entering it uncrosses the book.
 * halted, cancel-only: cancels alone are taken. closed: the book has been emptied and nothing is taken.
 */
export const INSTRUMENT_STATES = ['closed', 'pre-open', 'open', 'halted', 'cancel-only'] as const;
/** spot delivers base against quote; margined is a linear contract settled in cash of the quote asset. */
export const SETTLEMENTS = ['spot', 'margined'] as const;
/** Whether a replace names what shall be open from now on, or the order's size including what has traded (FIX). */
export const QUANTITY_MEANINGS = ['open', 'total'] as const;
/** What a replace does to an order's being post-only. */
export const POST_ONLY_TERMS = ['kept', 'released', 'set'] as const;
/** A suspended account's open orders are cancelled and it enters no new ones. */
export const ACCOUNT_STATES = ['active', 'suspended'] as const;
export const SWITCH_POSITIONS = ['released', 'engaged'] as const;

/** Bits of `instructions`. */
export const POST_ONLY = 1;
export const REDUCE_ONLY = 2;
export const CANCEL_ON_DISCONNECT = 4;

/** "Any" where a command or event may name an account or an instrument. */
export const ANY = 0xffffffff;

/** Accounts of the venue itself; customers' numbers start at FIRST_CUSTOMER. */
export const FEE_ACCOUNT = 0;
export const ROUNDING_ACCOUNT = 1;
export const INSURANCE_ACCOUNT = 2;
export const FIRST_CUSTOMER = 16;

/** Why a command was refused: a closed list. A refused command has changed nothing. */
export const REJECT_REASONS = [
  'none',
  'malformed',
  'unknown_account',
  'unknown_asset',
  'unknown_instrument',
  'unknown_order',
  'instrument_closed',
  'instrument_halted',
  'instrument_cancel_only',
  'account_suspended',
  'kill_switch_engaged',
  'invalid_quantity',
  'quantity_below_minimum',
  'quantity_above_maximum',
  'invalid_price',
  'price_outside_band',
  'invalid_trigger_price',
  'invalid_display_quantity',
  'invalid_minimum_quantity',
  'invalid_budget',
  'invalid_expiry',
  'invalid_combination',
  'not_in_auction',
  'duplicate_client_order_id',
  'insufficient_funds',
  'post_only_would_trade',
  'fill_or_kill_unfilled',
  'minimum_quantity_unavailable',
  'nothing_to_reduce',
  'order_capacity_reached',
  'invalid_amount',
  'balance_overflow',
  'transfer_id_reused',
  'instrument_exists',
  'instrument_could_overflow',
  'invalid_instrument',
  'invalid_fees',
  'invalid_bands',
  'invalid_state_change',
  'not_margined',
] as const;

/** Why an accepted order left the book without being filled. */
export const CANCEL_REASONS = [
  'requested',
  'mass_cancel',
  'disconnect',
  'immediate_remainder',
  'budget_spent',
  'protection_price',
  'self_trade',
  'expired',
  'kill_switch',
  'account_suspended',
  'instrument_closed',
  'volatility_halt',
  'nothing_to_reduce',
  'capacity',
  'liquidation',
] as const;

export const STATE_CHANGE_REASONS = ['operator', 'volatility', 'scheduled'] as const;
export const TRANSFER_OUTCOMES = ['applied', 'repeated'] as const;
export const TRANSFER_DIRECTIONS = ['credit', 'debit'] as const;
export const QUEUE_PLACES = ['lost', 'kept'] as const;
export const AUDIT_OUTCOMES = ['sound', 'unsound'] as const;

const COMMANDS = {
  /** Long form only for stops, icebergs, minimum quantity, budget, expiry: a plain order is 64 bytes, one cache line. */
  place: message(
    1,
    {
      instrument: 'u32',
      account: 'u32',
      /** Chosen by the client, unique among its open and recent orders; 0 for none. */
      clientOrderId: 'u64',
      /** Lots. 0 only on a market buy that is limited by `budget` alone. */
      quantity: 'i64',
      /** Ticks; 0 on market and stop orders, whose worst price is the instrument's protection band. */
      price: 'i32',
      side: SIDES,
      type: ORDER_TYPES,
      timeInForce: TIMES_IN_FORCE,
      selfTrade: SELF_TRADE_RULES,
      instructions: 'u8',
      /** Ticks; stops only. A trailing stop gives its distance from the best trade price instead. */
      triggerPrice: 'i32',
    },
    {
      /** Lots shown at a time; 0 shows all. */
      displayQuantity: 'i64',
      /** Trade at least this much on arrival or do nothing; ioc only. */
      minimumQuantity: 'i64',
      /** Most that a market buy may cost, fees included, in quote units; 0 for all that is available. */
      budget: 'i64',
      /** gtd only. */
      expiresAt: 'i64',
    },
  ),
  cancel: message(2, { account: 'u32', orderId: 'u64' }),
  'cancel-by-client-id': message(3, { account: 'u32', clientOrderId: 'u64' }),
  replace: message(
    4,
    {
      account: 'u32',
      price: 'i32',
      orderId: 'u64',
      quantity: 'i64',
      quantityMeans: QUANTITY_MEANINGS,
      postOnly: POST_ONLY_TERMS,
    },
    { triggerPrice: 'i32' },
  ),
  /** Every open order that matches all three; ANY, ANY and 0 match everything. A session's end sends its number. */
  'cancel-all': message(5, { account: 'u32', instrument: 'u32', session: 'u32' }),
  /**
   * What the client called its order, when that is not the number itself (`client-order-id.ts`): sent right before the `place` that
   * uses the number. The engine keeps nothing of it and repeats it as an event, for whoever tells the client.
   */
  'name-client-order': message(6, { account: 'u32', clientOrderId: 'u64', text: 'bytes32' }),

  credit: message(10, { account: 'u32', asset: 'u32', amount: 'i64', transferHigh: 'u64', transferLow: 'u64' }),
  debit: message(11, { account: 'u32', asset: 'u32', amount: 'i64', transferHigh: 'u64', transferLow: 'u64' }),

  'list-instrument': message(20, {
    instrument: 'u32',
    base: 'u16',
    quote: 'u16',
    /** One lot in base units (spot). */
    lotUnits: 'i64',
    /** One tick × one lot is tickValue / tickValueScale quote units; margined contracts need a scale of 1. */
    tickValue: 'i64',
    tickValueScale: 'i64',
    minimumQuantity: 'i64',
    maximumQuantity: 'i64',
    maximumPrice: 'i32',
    initialMarginPpm: 'i32',
    maintenanceMarginPpm: 'i32',
    settlement: SETTLEMENTS,
    symbol: 'symbol',
  }),
  'set-state': message(21, { instrument: 'u32', state: INSTRUMENT_STATES }),
  /**
   * `instrument` may be ANY. A negative maker rate is a rebate, paid from the taker's fee and never more than that. Orders
   * trade at the rates in force when they were accepted.
   */
  'set-fees': message(22, { instrument: 'u32', tier: 'u32', makerPpm: 'i32', takerPpm: 'i32' }),
  /** A rate of 0 switches that band off. */
  'set-bands': message(23, {
    instrument: 'u32',
    /** 0 leaves it as it is. Auctions and mark prices move it; without one the last trade price stands in. */
    referencePrice: 'i32',
    /** Limit prices further than this beyond the reference are refused. */
    pricePpm: 'i32',
    /** Market orders trade no further than this from the best price they met. */
    protectionPpm: 'i32',
    /** A trade further than this from the window's reference does not happen; the instrument goes to pre-open. */
    haltPpm: 'i32',
    haltWindow: 'i64',
    /** Pre-open after a volatility halt ends by itself after this; 0 waits for an operator. */
    reopenAfter: 'i64',
  }),
  'set-account': message(24, { account: 'u32', tier: 'u32', state: ACCOUNT_STATES }),
  /** Engaged: the whole venue takes cancels only, and every open order is cancelled. */
  'kill-switch': message(25, { position: SWITCH_POSITIONS }),
  'mark-price': message(26, { instrument: 'u32', price: 'i32' }),
  audit: message(27, {}),
  /** Time passes: orders expire and auctions end without anyone trading. */
  tick: message(28, {}),
} as const;

const EVENTS = {
  'order-accepted': message(
    1,
    {
      instrument: 'u32',
      account: 'u32',
      orderId: 'u64',
      clientOrderId: 'u64',
      quantity: 'i64',
      /** Ticks; the protection price of a market order. */
      price: 'i32',
      triggerPrice: 'i32',
      session: 'u32',
      side: SIDES,
      type: ORDER_TYPES,
      timeInForce: TIMES_IN_FORCE,
      selfTrade: SELF_TRADE_RULES,
      instructions: 'u8',
      liquidation: 'u8',
    },
    { displayQuantity: 'i64', expiresAt: 'i64' },
  ),
  /** A refused place, cancel, replace, cancel-by-client-id or name-client-order; names what the command named. */
  'order-rejected': message(2, {
    session: 'u32',
    account: 'u32',
    instrument: 'u32',
    command: 'u8',
    reason: REJECT_REASONS,
    orderId: 'u64',
    clientOrderId: 'u64',
  }),
  trade: message(3, {
    instrument: 'u32',
    price: 'i32',
    quantity: 'i64',
    makerOrderId: 'u64',
    takerOrderId: 'u64',
    makerAccount: 'u32',
    takerAccount: 'u32',
    /**
     * Quote units before fees. They differ by what each order's rounding carries from fill to fill; the difference, a unit at most either
     * way, is the rounding account's.
     */
    buyerPays: 'i64',
    sellerReceives: 'i64',
    /** Quote units; negative is a rebate. */
    makerFee: 'i64',
    takerFee: 'i64',
    takerSide: SIDES,
    /** 1 when the two met in an auction; the earlier order is called the maker. */
    auction: 'u8',
  }),
  'order-cancelled': message(4, {
    instrument: 'u32',
    account: 'u32',
    orderId: 'u64',
    clientOrderId: 'u64',
    /** Lots that were still open, hidden ones included. */
    quantity: 'i64',
    price: 'i32',
    side: SIDES,
    reason: CANCEL_REASONS,
  }),
  'order-replaced': message(5, {
    instrument: 'u32',
    account: 'u32',
    orderId: 'u64',
    /** Lots open from now on, hidden ones included. */
    quantity: 'i64',
    price: 'i32',
    triggerPrice: 'i32',
    side: SIDES,
    queuePlace: QUEUE_PLACES,
    /** 1 when it may still only rest. */
    postOnly: 'u8',
  }),
  /** A stop has become a limit or market order at this trade price. */
  'order-triggered': message(6, { instrument: 'u32', account: 'u32', orderId: 'u64', price: 'i32', side: SIDES }),
  /** An iceberg shows its next part, at the back of its price's queue. */
  'order-replenished': message(7, {
    instrument: 'u32',
    account: 'u32',
    orderId: 'u64',
    shown: 'i64',
    price: 'i32',
    side: SIDES,
  }),
  /** `quantity` was taken off the order without a trade: by self-trade prevention, or as a reduce-only stop woke and exceeded its position. */
  'order-decremented': message(8, {
    instrument: 'u32',
    account: 'u32',
    orderId: 'u64',
    quantity: 'i64',
    open: 'i64',
    price: 'i32',
    side: SIDES,
  }),
  /** After the orders that a cancel-all or kill switch cancelled. */
  'orders-cancelled': message(9, { account: 'u32', instrument: 'u32', session: 'u32', count: 'u32' }),

  'transfer-settled': message(10, {
    account: 'u32',
    asset: 'u32',
    amount: 'i64',
    transferHigh: 'u64',
    transferLow: 'u64',
    direction: TRANSFER_DIRECTIONS,
    outcome: TRANSFER_OUTCOMES,
  }),
  'transfer-rejected': message(11, {
    account: 'u32',
    asset: 'u32',
    amount: 'i64',
    transferHigh: 'u64',
    transferLow: 'u64',
    direction: TRANSFER_DIRECTIONS,
    reason: REJECT_REASONS,
  }),

  'instrument-listed': message(20, COMMANDS['list-instrument'].required),
  'instrument-state': message(21, {
    instrument: 'u32',
    state: INSTRUMENT_STATES,
    reason: STATE_CHANGE_REASONS,
    /** Of the uncrossing that follows; 0 when nothing trades. */
    auctionPrice: 'i32',
    auctionQuantity: 'i64',
  }),
  'fees-set': message(22, COMMANDS['set-fees'].required),
  'bands-set': message(23, COMMANDS['set-bands'].required),
  'account-set': message(24, COMMANDS['set-account'].required),
  'kill-switch-set': message(25, COMMANDS['kill-switch'].required),
  'mark-price-set': message(26, COMMANDS['mark-price'].required),
  audited: message(27, { outcome: AUDIT_OUTCOMES, accounts: 'u32', assets: 'u32', openOrders: 'u32' }),
  ticked: message(28, {}),
  /** A refused operator's command. */
  'command-rejected': message(29, { session: 'u32', command: 'u8', reason: REJECT_REASONS, instrument: 'u32' }),

  /** Cash moved because the mark price did; signed, from the account's view. */
  'variation-settled': message(30, { instrument: 'u32', account: 'u32', amount: 'i64', position: 'i64' }),
  /** The account's loss exceeded its cash by `amount`; what the insurance fund did not cover reduces the winners' gains. */
  'deficit-covered': message(31, { instrument: 'u32', account: 'u32', amount: 'i64', byInsurance: 'i64' }),
  /** Maintenance margin is gone: open orders of the instrument are cancelled and the position is closed at market. */
  'liquidation-started': message(32, {
    instrument: 'u32',
    account: 'u32',
    position: 'i64',
    required: 'i64',
    available: 'i64',
  }),

  /** Of the account's order of that number, which is accepted next if it is at all. */
  'client-order-named': message(33, COMMANDS['name-client-order'].required),
} as const;

export const engineCommands = new Codec(ENGINE_CODEC_VERSION, COMMANDS);
export const engineEvents = new Codec(ENGINE_CODEC_VERSION, EVENTS);

export type EngineCommand = Decoded<typeof COMMANDS>;
export type EngineCommandDraft = Draft<typeof COMMANDS>;
export type EngineCommandKind = keyof typeof COMMANDS;
export type EngineEvent = Decoded<typeof EVENTS>;
export type EngineEventKind = keyof typeof EVENTS;

export type Side = (typeof SIDES)[number];
export type OrderType = (typeof ORDER_TYPES)[number];
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];
export type SelfTradeRule = (typeof SELF_TRADE_RULES)[number];
export type InstrumentState = (typeof INSTRUMENT_STATES)[number];
export type RejectReason = (typeof REJECT_REASONS)[number];
export type CancelReason = (typeof CANCEL_REASONS)[number];
