/** Why settlement cannot go on as it is. */
export type SettlementFaultCode =
  /** Another settler has gone on from the same place. Begin again from the checkpoint. */
  | 'overtaken'
  /** An event that does not follow the checkpoint. */
  | 'gap'
  /** The exchange has not come as far as the checkpoint: this is not the journal that was settled. */
  | 'ahead_of_exchange'
  /** The engine speaks of something that has no name here. */
  | 'unknown_account'
  | 'unknown_asset'
  | 'unknown_instrument'
  | 'unknown_order';

/** Nothing of the batch has been written. Apart from `overtaken`, people have to look. */
export class SettlementFault extends Error {
  override readonly name = 'SettlementFault';

  constructor(
    readonly code: SettlementFaultCode,
    what: string,
  ) {
    super(`${code}: ${what}`);
  }
}
