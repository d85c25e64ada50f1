/**
 * What one engine can hold. Memory for all of it is reserved when the engine is loaded and costs nothing until touched:
 * the kernel hands out pages on first write, so a small venue stays small.
 */
export const capacity = {
  MAX_ORDERS: 1 << 20,
  MAX_ACCOUNTS: 1 << 18,
  MAX_ASSETS: 128,
  MAX_INSTRUMENTS: 256,
  /** Margined instruments among them; each has a position per account. */
  MAX_MARGINED: 16,
  FEE_TIERS: 16,
  /** Trailing stops per instrument and side. */
  MAX_TRAILING: 64,

  /** Prices are 1 to MAX_PRICE ticks. */
  PRICE_BITS: 25,
  MAX_PRICE: (1 << 25) - 2,
  /** No balance, and no sum of balances of an asset, passes this; nor does any product on the way to one. */
  MAX_AMOUNT: 1n << 62n,

  /** Closed orders whose client order ids are still refused as duplicates. */
  REMEMBERED_CLIENT_IDS: 1 << 16,
  /** Transfers whose repetition is recognised. */
  REMEMBERED_TRANSFERS: 1 << 22,

  COMMAND_BUFFER_BYTES: 1 << 22,
  EVENT_BUFFER_BYTES: 1 << 22,
} as const;
