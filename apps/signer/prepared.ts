/** A decoded and fully checked transaction: what remains is the log and the key. */
export interface Prepared {
  /** SHA-256 of the unsigned transaction, hexadecimal. */
  readonly digest: string;
  /** What a transaction that conflicts with this one on chain shares with it. */
  readonly claims: readonly string[];
  /** Most that it pays to the network, minor units. */
  readonly fee: bigint;
  sign(): { raw: string; txid: string };
}
