import { wordCells } from './records.js';

/** The venue as a whole. */
export const venue = {
  /** killed[0] is 1 while the kill switch is engaged. */
  killed: wordCells(1),
  /** Margined instruments listed so far. */
  margined: 0,
  /** Every account and every instrument that was ever named is below these. */
  accounts: 0,
  instruments: 0,
};
