/** Why a transfer was not posted. A refused transfer changed nothing. */
export type LedgerRefusalCode =
  /** Less than two legs, more than 64, or a leg that is not the ledger's kind of number. */
  | 'invalid_legs'
  | 'invalid_amount'
  /** Debits and credits differ in some asset. */
  | 'unbalanced'
  /** The sum on an account would pass what can be written down (10^78). */
  | 'amount_out_of_range'
  /** The kind is not in the database, or does not pair these account types. */
  | 'kind_unknown'
  | 'kind_not_allowed'
  | 'unknown_account'
  | 'account_frozen'
  | 'account_closed'
  /** An account would go below its floor. */
  | 'insufficient_funds'
  /** An account is not at the version the transfer expects. */
  | 'version_conflict'
  /** The id was used for another transfer. */
  | 'id_reused'
  | 'hold_unknown'
  | 'hold_exists'
  | 'hold_insufficient'
  | 'hold_expired'
  /** A hold account without a hold, or a hold on another account. */
  | 'hold_misplaced'
  | 'reversal_unknown'
  | 'reversal_mismatch'
  | 'already_reversed'
  /** It would take effect in a period whose books are closed. */
  | 'period_closed'
  /** A transfer it was linked to was refused. */
  | 'linked_refused';

const DETAILS: Record<LedgerRefusalCode, string> = {
  invalid_legs: 'a transfer has 2 to 64 legs',
  invalid_amount: 'a leg moves between 1 and 2^256 - 1 minor units',
  unbalanced: 'debits and credits must be equal in every asset',
  amount_out_of_range: 'the balance would pass the largest number that can be kept',
  kind_unknown: 'declare the kind in a migration with ledger.define_kind',
  kind_not_allowed: 'the kind does not pair these account types; see ledger.transfer_kind_pairs',
  unknown_account: 'no such account',
  account_frozen: 'the account is frozen: it may only receive',
  account_closed: 'the account is closed',
  insufficient_funds: 'the account does not hold that much',
  version_conflict: 'the account has moved since it was read',
  id_reused: 'the id belongs to another transfer',
  hold_unknown: 'no such hold on this account',
  hold_exists: 'the hold is already open',
  hold_insufficient: 'the hold has less than that remaining',
  hold_expired: 'the hold has expired: it can only be released',
  hold_misplaced: 'a leg on a hold account names its hold, and no other leg does',
  reversal_unknown: 'the transfer to reverse does not exist',
  reversal_mismatch: 'a reversal is the exact mirror of its transfer',
  already_reversed: 'the transfer has been reversed before',
  period_closed: 'the books of that time are closed',
  linked_refused: 'a transfer it is linked to was refused',
};

export const isLedgerRefusalCode = (code: string): code is LedgerRefusalCode => Object.hasOwn(DETAILS, code);

/** A transfer that the ledger would not post. Nothing of it, or of those linked to it, happened. */
export class LedgerRefusal extends Error {
  override readonly name = 'LedgerRefusal';

  constructor(
    readonly code: LedgerRefusalCode,
    readonly transferId: string,
    /** Path of the account at which it failed, where there is one. */
    readonly accountPath: string | null = null,
    options?: ErrorOptions,
  ) {
    super(
      `${code}: ${DETAILS[code]} (transfer ${transferId}${accountPath === null ? '' : `, ${accountPath}`})`,
      options,
    );
  }
}
