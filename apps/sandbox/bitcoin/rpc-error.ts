/** Bitcoin Core's error codes (src/rpc/protocol.h), as far as this node answers with them. */
export const RpcCode = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  parseError: -32700,
  internalError: -32603,
  misc: -1,
  typeError: -3,
  invalidAddressOrKey: -5,
  insufficientFunds: -6,
  invalidParameter: -8,
  databaseError: -20,
  deserializationError: -22,
  verifyError: -25,
  verifyRejected: -26,
  alreadyInUtxoSet: -27,
} as const;

/** A refused call, as the caller sees it. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
