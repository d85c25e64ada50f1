/** The stream speaks of what the view does not know: it began from another history, or from before something was named. Only a new snapshot helps. */
export class ViewFault extends Error {
  constructor(
    readonly code: 'unknown_order' | 'unknown_instrument' | 'unknown_asset',
    detail: string,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ViewFault';
  }
}
