import { type SignerRefusalCode } from '@core/contracts';

/** Why a request was not signed. The detail is for the log and the caller, and never quotes key material. */
export class SignerRefusal extends Error {
  override readonly name = 'SignerRefusal';

  constructor(
    readonly refusal: SignerRefusalCode,
    detail: string,
  ) {
    super(detail);
  }
}

/** Refuses unless the condition holds. */
export function demand(condition: boolean, refusal: SignerRefusalCode, detail: string): asserts condition {
  if (!condition) throw new SignerRefusal(refusal, detail);
}
