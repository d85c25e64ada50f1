/** The venue as a whole. */
export const venue = {
  /** 1 while the kill switch is engaged. */
  killed: 0,
  /** Margined instruments listed so far. */
  margined: 0,
  /** Every account and every instrument that was ever named is below these. */
  accounts: 0,
  instruments: 0,
};
