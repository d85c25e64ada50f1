/** Places between two effects of a batch where specs let the process die, in their order. */
export const GAPS = [
  /** In the journal's memory, not yet applied. */
  'exchange.appended',
  /** The engine has gone on; nothing is on the disk for sure. */
  'exchange.applied',
  /** On the disk; nobody has been told. */
  'exchange.durable',
  /** Handed to the sockets. */
  'exchange.released',
] as const;

export type Gap = (typeof GAPS)[number];
