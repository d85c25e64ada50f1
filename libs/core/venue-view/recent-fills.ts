import { SIDES } from '@core/contracts';
import { RecentSlots } from './recent-slots.js';
import { Records, slotIn } from './records.js';
import { type ViewedFill } from './venue-snapshot.js';

const AMOUNTS = 7;
const WORDS = 4;
const BYTES = 2;
const LIQUIDITIES = ['maker', 'taker'] as const;

/** The last fills of all accounts, by account. */
export class RecentFills {
  readonly #records = new Records({ amounts: AMOUNTS, words: WORDS, bytes: BYTES });
  readonly #recent: RecentSlots;

  /** @param most that are remembered */
  constructor(most: number) {
    this.#recent = new RecentSlots(most);
  }

  remember(fill: ViewedFill): void {
    const slot = this.#recent.take(fill.account);
    const { amounts, words, bytes } = this.#records.pieceOf(slot);
    const a = slotIn(slot) * AMOUNTS;
    amounts[a] = fill.tradeId;
    amounts[a + 1] = fill.sequence;
    amounts[a + 2] = fill.time;
    amounts[a + 3] = fill.orderId;
    amounts[a + 4] = fill.quantity;
    amounts[a + 5] = fill.notional;
    amounts[a + 6] = fill.fee;
    const w = slotIn(slot) * WORDS;
    words[w] = fill.account;
    words[w + 1] = fill.instrument;
    words[w + 2] = fill.index;
    words[w + 3] = fill.price;
    const b = slotIn(slot) * BYTES;
    bytes[b] = SIDES.indexOf(fill.side);
    bytes[b + 1] = LIQUIDITIES.indexOf(fill.liquidity);
  }

  /** Newest first. */
  *of(account: number): Generator<ViewedFill> {
    for (const slot of this.#recent.of(account)) yield this.#read(slot);
  }

  #read(slot: number): ViewedFill {
    const { amounts, words, bytes } = this.#records.pieceOf(slot);
    const amount = (which: number): bigint => amounts[slotIn(slot) * AMOUNTS + which] as bigint;
    const word = (which: number): number => words[slotIn(slot) * WORDS + which] as number;
    const b = slotIn(slot) * BYTES;
    return {
      tradeId: amount(0),
      sequence: amount(1),
      index: word(2),
      time: amount(2),
      account: word(0) >>> 0,
      orderId: amount(3),
      instrument: word(1) >>> 0,
      side: SIDES[bytes[b] as number] as ViewedFill['side'],
      liquidity: LIQUIDITIES[bytes[b + 1] as number] as ViewedFill['liquidity'],
      price: word(3),
      quantity: amount(4),
      notional: amount(5),
      fee: amount(6),
    };
  }
}
