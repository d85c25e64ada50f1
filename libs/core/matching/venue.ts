/** The venue as a whole. */
export const venue = {
  /** 1 while the kill switch is engaged. */
  killed: 0,
  margined: 0,
  /** Accounts and instruments that have ever been used are below these. */
  accounts: 0,
  instruments: 0,
};
