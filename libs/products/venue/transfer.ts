import { type AssetCode } from '@core/money';

/**
 * The life of a move of money between a customer's account and the exchange. `requested` is stored, with the money of a move in already
 * taken; `sent` may have reached the engine, and is sent again, under the same id, until the engine's event stream says what became of it.
 * Only that decides: a `settled` or `refused` move is the engine's word.
 */
export const TRANSFER_STATES = ['requested', 'sent', 'settled', 'refused'] as const;
export type TransferState = (typeof TRANSFER_STATES)[number];

/** send: handed to the engine, again or for the first time. settle, refuse: what the engine's event said. */
export type TransferEvent = 'request' | 'send' | 'settle' | 'refuse';

export const TRANSFER_TABLE: Readonly<Record<TransferState, Partial<Record<TransferEvent, TransferState>>>> = {
  // The engine's answer may be read before our note that it was asked, by a process that took over.
  requested: { send: 'sent', settle: 'settled', refuse: 'refused' },
  sent: { send: 'sent', settle: 'settled', refuse: 'refused' },
  settled: {},
  refused: {},
};

/** The state after `event`, or undefined when the table does not allow it. */
export const nextState = (from: TransferState, event: TransferEvent): TransferState | undefined =>
  TRANSFER_TABLE[from][event];

/** in: to the exchange. out: from it. */
export type Direction = 'in' | 'out';

export interface ExchangeTransfer {
  readonly id: string;
  readonly customerId: string;
  readonly idempotencyKey: string;
  /** The engine's number of the customer. */
  readonly account: number;
  readonly direction: Direction;
  readonly asset: AssetCode;
  /** Minor units of the ledger. */
  readonly amount: bigint;
  /** The same in units of the engine. */
  readonly units: bigint;
  readonly state: TransferState;
  readonly version: number;
  readonly sends: number;
  /** Why the engine would not have it: one of its reject reasons. */
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const HALF = 64n;
const LOW = (1n << HALF) - 1n;

/** The engine's transfer id is the UUID's 128 bits, in two halves. */
export function engineIdOf(id: string): { transferHigh: bigint; transferLow: bigint } {
  const bits = BigInt(`0x${id.replaceAll('-', '')}`);
  return { transferHigh: bits >> HALF, transferLow: bits & LOW };
}

export function idOfEngine({ transferHigh, transferLow }: { transferHigh: bigint; transferLow: bigint }): string {
  const hex = ((transferHigh << HALF) | transferLow).toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
