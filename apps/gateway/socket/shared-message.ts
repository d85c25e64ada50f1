/** What the objects that stand for a message take besides its bytes. */
const OBJECT_BYTES = 512;

/**
 * What a message says to everyone who gets it: all of its JSON but the seqnum, which each connection counts for itself. It is encoded when the
 * first connection needs it and then never again, however many subscribers there are.
 */
export class SharedMessage {
  #body: string | (() => string);
  #plain: Buffer | undefined;
  #sequenced: Buffer | undefined;

  /**
   * @param body from `,"event":` on, without the closing brace; or how to make it @param sequence the venue's command that it tells of
   */
  constructor(
    body: string | (() => string),
    readonly sequence: bigint,
  ) {
    this.#body = body;
  }

  /** How much memory it takes to keep it. */
  get keptBytes(): number {
    return OBJECT_BYTES + this.bytes(false).length;
  }

  /** `,"event":…` without the closing brace. */
  get body(): string {
    if (typeof this.#body !== 'string') this.#body = this.#body();
    return this.#body;
  }

  /** @param withSequence with `venueSequence`, for those who asked for it (docs/exchange-websocket.md) */
  bytes(withSequence: boolean): Buffer {
    if (withSequence) return (this.#sequenced ??= Buffer.from(`${this.body},"venueSequence":${this.sequence}}`, 'latin1')); // prettier-ignore
    return (this.#plain ??= Buffer.from(`${this.body}}`, 'latin1'));
  }
}
