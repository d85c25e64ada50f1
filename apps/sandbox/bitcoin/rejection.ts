/** A transaction that the pool refuses: Bitcoin Core's reason, and its explanation where it has one. */
export class Rejection extends Error {
  constructor(
    readonly reason: string,
    readonly details?: string,
  ) {
    super(details === undefined ? reason : `${reason}, ${details}`);
  }
}

/** Inputs that are neither on chain nor in the pool: not a refusal for good, the parent may still come. */
export class MissingInputs extends Rejection {
  constructor() {
    super('bad-txns-inputs-missingorspent');
  }
}
