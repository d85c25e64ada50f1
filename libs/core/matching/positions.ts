/** Positions in margined instruments, a record per account; index with `positionOf`. */
import { capacity } from './capacity.js';
import { TableCopy } from './copying.js';
import { amountFields } from './records.js';

const { MAX_ACCOUNTS, MAX_MARGINED } = capacity;
const FIELDS = 8;

const table = amountFields(MAX_ACCOUNTS * MAX_MARGINED, FIELDS);

export const positions = {
  /** Long above zero, short below. */
  lots: table.field(0),
  /** What the lots have cost so far, in quote units: bought less sold, since cash last followed the mark price. */
  basis: table.field(1),
  /** Lots of open orders that could add to the position, each way. */
  openBuys: table.field(2),
  openSells: table.field(3),
  /** What is held of the account's cash for position and orders together. */
  margin: table.field(4),
} as const;

const ROW = MAX_ACCOUNTS * FIELDS;
/** First record of the margined instrument that was listed as number `place`. */
export const positionRow = (place: number): number => place * ROW;
export const positionOf = (row: number, account: number): number => row + account * FIELDS;

const WORDS = FIELDS * 2;
export const positionCopies = Array.from(
  { length: MAX_MARGINED },
  (_, place) => new TableCopy([{ words: table.words, perRecord: WORDS, first: positionRow(place) * 2 }]),
);

/** Before the record changes while a snapshot is being taken. */
export function preservePosition(position: number): void {
  const record = position / FIELDS;
  positionCopies[Math.floor(record / MAX_ACCOUNTS)]!.preserve(record % MAX_ACCOUNTS);
}

/** Clears the records of the first `accounts` accounts. */
export function clearPositions(accounts: number): void {
  for (let place = 0; place < MAX_MARGINED; place += 1) {
    table.words.fill(0, positionRow(place) * 2, (positionRow(place) + accounts * FIELDS) * 2);
  }
}
