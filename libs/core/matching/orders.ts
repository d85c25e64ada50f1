/**
 * Open orders. An order is a number, its *handle*: the index of its record, and the same index into every field, so
 * `open[order]` is what remains of it and `next[order]` the order behind it. Fields lie together by record (one cache
 * line of words, one of amounts), since they are used together. Handle 0 is no order.
 */
import { capacity } from './capacity.js';
import * as Copying from './copying.js';
import { amountFields, wordFields } from './records.js';

const { TableCopy } = Copying;

const { MAX_ORDERS } = capacity;

const FIELDS = 8;
export const HANDLE_SHIFT = 3;

const links = wordFields(MAX_ORDERS, FIELDS);
const terms = wordFields(MAX_ORDERS, FIELDS);
const amounts = amountFields(MAX_ORDERS, FIELDS);
const special = amountFields(MAX_ORDERS, FIELDS);
const rare = wordFields(MAX_ORDERS, FIELDS);

export const orders = {
  /** Neighbours in the queue of the price level; `next` also chains free records. */
  next: links.field(0),
  previous: links.field(1),
  level: links.field(2),
  /** Neighbours in the list of the account's open orders, newest first. */
  accountNext: links.field(3),
  accountPrevious: links.field(4),
  ladder: links.field(5),
  /** Position in the heap of expiries; gtd only. */
  expiryPlace: links.field(6),

  /** Limit in ticks: the worst price at which the order may trade. */
  price: terms.field(0),
  account: terms.field(1),
  instrument: terms.field(2),
  traits: terms.field(3),
  /** Fee rates in force when the order was accepted. */
  makerPpm: terms.field(4),
  takerPpm: terms.field(5),
  trigger: terms.field(6),
  session: terms.field(7),

  id: amounts.field(0),
  /** Lots that can trade now; an iceberg's hidden rest is apart. */
  open: amounts.field(1),
  /** What the order has set aside of its account's balance, in units of the asset that it pays with. */
  hold: amounts.field(2),
  clientOrderId: amounts.field(3),
  filled: amounts.field(4),
  /** Place in time among all resting orders. */
  priority: amounts.field(5),
  /** Overpaid fractions of a unit, which the next fill of the order gets back: see `settle.ts`. */
  notionalCarry: amounts.field(6),
  feeCarry: amounts.field(7),

  /** Icebergs only: lots behind those shown, and how many are shown at a time. */
  hidden: special.field(0),
  display: special.field(1),
  /** gtd only. */
  expiresAt: special.field(2),
  /** Trailing stops only: ticks between trigger and best price. */
  distance: rare.field(0),

  /** The low word of an id holds the record's number; both halves of a client id feed its hash. */
  amountWords: amounts.words,
} as const;

/** Bits of `traits`. The three after SELL are the command's instructions, in its order. */
export const trait = {
  SELL: 1,
  POST_ONLY: 1 << 1,
  REDUCE_ONLY: 1 << 2,
  CANCEL_ON_DISCONNECT: 1 << 3,
  ICEBERG: 1 << 4,
  EXPIRES: 1 << 5,
  /** Waiting for its trigger price; not in the book. */
  DORMANT: 1 << 6,
  /** Takes what is there and leaves. */
  IMMEDIATE: 1 << 7,
  /** May spend its hold and no more: a market buy. */
  BUDGETED: 1 << 8,
  TRAILING: 1 << 9,
  LIQUIDATION: 1 << 10,
  MARGINED: 1 << 11,
  MARKET: 1 << 12,
  /** Three bits: index in SELF_TRADE_RULES. */
  SELF_TRADE_SHIFT: 16,
  /** Three bits: index in ORDER_TYPES. */
  TYPE_SHIFT: 20,
  /** Two bits: index in TIMES_IN_FORCE. */
  TIME_IN_FORCE_SHIFT: 24,
} as const;

/** Indices in ORDER_TYPES, TIMES_IN_FORCE and SELF_TRADE_RULES. */
export const orderType = { LIMIT: 0, MARKET_TYPE: 1, STOP: 2, STOP_LIMIT: 3, TRAILING_STOP: 4 } as const;
export const timeInForce = { GTC: 0, IOC: 1, FOK: 2, GTD: 3 } as const;
export const selfTradeRule = { ALLOW: 0, CANCEL_NEWEST: 1, CANCEL_OLDEST: 2, CANCEL_BOTH: 3, DECREMENT: 4 } as const;

/** For snapshots: everything about an order but its neighbours, which follow from the rest. A free record is all zero. */
export const orderCopy = new TableCopy(
  [terms, amounts, special, rare].map(({ words }) => ({ words, perRecord: words.length / MAX_ORDERS })),
  (copy, at) => {
    const amountsAt = at + FIELDS;
    const specialAt = amountsAt + FIELDS * 2;
    const rareAt = specialAt + FIELDS * 2;
    const t = copy[at + 3]!;
    if (copy[amountsAt] === 0 && copy[amountsAt + 1] === 0) copy.fill(0, at, rareAt + FIELDS);
    if ((t & trait.ICEBERG) === 0) copy.fill(0, specialAt, specialAt + 4);
    if ((t & trait.EXPIRES) === 0) copy.fill(0, specialAt + 4, specialAt + 6);
    if ((t & trait.TRAILING) === 0) copy[rareAt] = 0;
  },
);

/** Before `order` changes while a snapshot is being taken. */
export const preserveOrder = (order: number): void => orderCopy.preserve(order >> HANDLE_SHIFT);
