import { CANCEL_REASONS, ORDER_TYPES, SELF_TRADE_RULES, SIDES, textOf, TIMES_IN_FORCE } from '@core/contracts';
import { RecentSlots } from './recent-slots.js';
import { Records, slotIn } from './records.js';
import { SlotIndex } from './slot-index.js';
import { type OrderStatus, type ViewedOrder } from './venue-snapshot.js';

const AMOUNTS = 15;
const WORDS = 7;
const TEXT_BYTES = 32;
const TEXT_AT = 7;
const BYTES = TEXT_AT + TEXT_BYTES;
const ORDER_ID = 0;
const CLIENT_ORDER_ID = 1;
const ACCOUNT = 0;

const STATUSES = ['open', 'filled', 'cancelled', 'rejected'] as const satisfies readonly OrderStatus[];
const LIQUIDATION = 1;
const DORMANT = 2;
/** Of a name: the number's own digits need not be kept. */
const CANONICAL_TEXT = 4;
const OTHER_TEXT = 8;

/** The orders that ended last, as they were then: by id, by account, and by what their clients called them. */
export class EndedOrders {
  readonly #records = new Records({ amounts: AMOUNTS, words: WORDS, bytes: BYTES });
  readonly #recent: RecentSlots;
  readonly #byId = new SlotIndex((slot, id) => this.#amount(slot, ORDER_ID) === id);
  readonly #byClientId = new SlotIndex(
    (slot, id, account) => this.#accountIn(slot) === account && this.#clientOrderId(slot) === id,
  );

  /** @param most that are remembered */
  constructor(most: number) {
    this.#recent = new RecentSlots(most, (slot) => this.#forget(slot));
  }

  remember(order: ViewedOrder): void {
    const { account, orderId, clientOrderId } = order;
    const slot = this.#recent.take(account);
    this.#write(slot, order);
    this.#byId.set(slot, orderId);
    if (clientOrderId !== 0n) this.#byClientId.set(slot, clientOrderId, account);
  }

  get(orderId: bigint): ViewedOrder | undefined {
    const slot = this.#byId.find(orderId);
    return slot === undefined ? undefined : this.#read(slot);
  }

  /** The last one of that name. */
  byClientId(account: number, clientOrderId: bigint): ViewedOrder | undefined {
    const slot = this.#byClientId.find(clientOrderId, account);
    return slot === undefined ? undefined : this.#read(slot);
  }

  /** Newest first. */
  *of(account: number): Generator<ViewedOrder> {
    for (const slot of this.#recent.of(account)) yield this.#read(slot);
  }

  #forget(slot: number): void {
    this.#byId.remove(slot, this.#amount(slot, ORDER_ID));
    this.#byClientId.remove(slot, this.#clientOrderId(slot), this.#accountIn(slot));
  }

  #amount(slot: number, which: number): bigint {
    return this.#records.pieceOf(slot).amounts[slotIn(slot) * AMOUNTS + which] as bigint;
  }

  #clientOrderId(slot: number): bigint {
    return BigInt.asUintN(64, this.#amount(slot, CLIENT_ORDER_ID));
  }

  #accountIn(slot: number): number {
    return (this.#records.pieceOf(slot).words[slotIn(slot) * WORDS + ACCOUNT] as number) >>> 0;
  }

  #write(slot: number, order: ViewedOrder): void {
    const { amounts, words, bytes } = this.#records.pieceOf(slot);
    const a = slotIn(slot) * AMOUNTS;
    amounts[a + ORDER_ID] = order.orderId;
    amounts[a + CLIENT_ORDER_ID] = order.clientOrderId;
    amounts[a + 2] = order.quantity;
    amounts[a + 3] = order.open;
    amounts[a + 4] = order.filled;
    amounts[a + 5] = order.left;
    amounts[a + 6] = order.displayQuantity;
    amounts[a + 7] = order.shown;
    amounts[a + 8] = order.expiresAt;
    amounts[a + 9] = order.traded;
    amounts[a + 10] = order.fees;
    amounts[a + 11] = order.lastQuantity;
    amounts[a + 12] = order.acceptedAt;
    amounts[a + 13] = order.updatedAt;
    amounts[a + 14] = order.sequence;
    const w = slotIn(slot) * WORDS;
    words[w + ACCOUNT] = order.account;
    words[w + 1] = order.instrument;
    words[w + 2] = order.instructions;
    words[w + 3] = order.price;
    words[w + 4] = order.triggerPrice;
    words[w + 5] = order.lastPrice;
    words[w + 6] = order.index;
    const b = slotIn(slot) * BYTES;
    bytes[b] = SIDES.indexOf(order.side);
    bytes[b + 1] = ORDER_TYPES.indexOf(order.type);
    bytes[b + 2] = TIMES_IN_FORCE.indexOf(order.timeInForce);
    bytes[b + 3] = SELF_TRADE_RULES.indexOf(order.selfTrade);
    bytes[b + 4] = STATUSES.indexOf(order.status);
    bytes[b + 5] = order.reason === null ? CANCEL_REASONS.length : CANCEL_REASONS.indexOf(order.reason);
    const naming = writeText(order, bytes, b + TEXT_AT);
    bytes[b + 6] = naming | (order.isLiquidation ? LIQUIDATION : 0) | (order.isDormant ? DORMANT : 0);
  }

  #read(slot: number): ViewedOrder {
    const { amounts, words, bytes } = this.#records.pieceOf(slot);
    const amount = (which: number): bigint => amounts[slotIn(slot) * AMOUNTS + which] as bigint;
    const word = (which: number): number => words[slotIn(slot) * WORDS + which] as number;
    const b = slotIn(slot) * BYTES;
    const code = <Word>(list: readonly Word[], which: number): Word => list[bytes[b + which] as number] as Word;
    const flags = bytes[b + 6] as number;
    const clientOrderId = this.#clientOrderId(slot);
    return {
      orderId: amount(ORDER_ID),
      account: word(ACCOUNT) >>> 0,
      instrument: word(1) >>> 0,
      clientOrderId,
      clientText: (flags & CANONICAL_TEXT) !== 0 ? textOf(clientOrderId) : readText(flags, bytes, b + TEXT_AT),
      side: code(SIDES, 0),
      type: code(ORDER_TYPES, 1),
      timeInForce: code(TIMES_IN_FORCE, 2),
      selfTrade: code(SELF_TRADE_RULES, 3),
      instructions: word(2),
      isLiquidation: (flags & LIQUIDATION) !== 0,
      quantity: amount(2),
      open: amount(3),
      filled: amount(4),
      left: amount(5),
      price: word(3),
      triggerPrice: word(4),
      isDormant: (flags & DORMANT) !== 0,
      displayQuantity: amount(6),
      shown: amount(7),
      expiresAt: amount(8),
      traded: amount(9),
      fees: amount(10),
      lastPrice: word(5),
      lastQuantity: amount(11),
      status: code(STATUSES, 4),
      reason: CANCEL_REASONS[bytes[b + 5] as number] ?? null,
      acceptedAt: amount(12),
      updatedAt: amount(13),
      sequence: amount(14),
      index: word(6),
    };
  }
}

/** Answers how the order is named. */
function writeText({ clientText, clientOrderId }: ViewedOrder, bytes: Uint8Array, at: number): number {
  if (clientText === null) return 0;
  if (clientText.length === 16 && clientText === textOf(clientOrderId)) return CANONICAL_TEXT;
  for (let k = 0; k < TEXT_BYTES; k += 1) bytes[at + k] = k < clientText.length ? clientText.charCodeAt(k) : 0;
  return OTHER_TEXT;
}

function readText(flags: number, bytes: Uint8Array, at: number): string | null {
  if ((flags & OTHER_TEXT) === 0) return null;
  const end = bytes.subarray(at, at + TEXT_BYTES).indexOf(0);
  return String.fromCharCode(...bytes.subarray(at, end < 0 ? at + TEXT_BYTES : at + end));
}
