/** Why a key, an address or a transaction was not accepted. Stable: signers log it and HTTP answers carry it. */
export type WalletRefusalCode =
  | 'address_malformed'
  | 'address_checksum'
  | 'address_wrong_network'
  | 'address_unsupported'
  | 'extended_key_invalid'
  | 'derivation_path_invalid'
  | 'mnemonic_invalid'
  | 'transaction_malformed'
  | 'transaction_unbalanced'
  | 'transaction_type_refused'
  | 'sighash_refused'
  | 'previous_transaction_missing'
  | 'previous_transaction_mismatch'
  | 'second_opinion_differs'
  | 'signature_invalid'
  | 'key_mismatch';

/** A refusal with a stable `code`; the message is for the log and never quotes key material. */
export class WalletRefusal extends Error {
  override readonly name = 'WalletRefusal';

  constructor(
    readonly code: WalletRefusalCode,
    message: string,
  ) {
    super(message);
  }
}

/** Runs a library call whose own errors say nothing stable, and gives its failure our code. */
export function refusing<T>(code: WalletRefusalCode, what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof WalletRefusal) throw error;
    throw new WalletRefusal(code, what);
  }
}
