/** What the objects that stand for a message take besides its bytes. */
const OBJECT_BYTES = 512;

/** So often it is written from its text; for more it is made bytes once. One who resumes later and one who is subscribed are the common case. */
const FEW = 2;
const CLOSING_BRACE = 0x7d;

/**
 * What a message says to everyone who gets it: all of its JSON but the seqnum, which each connection counts for itself. It is encoded when the
 * first connection needs it and then never again, however many subscribers there are.
 */
export class SharedMessage {
  #body: string | (() => string);
  #plain: Buffer | undefined;
  #sequenced: Buffer | undefined;
  #writes = 0;

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
    return OBJECT_BYTES + this.length;
  }

  /** How many bytes `writeTo` writes: a character is one. */
  get length(): number {
    return this.body.length + 1;
  }

  /** Writes what `bytes(false)` would be, and answers where it ends. */
  writeTo(target: Buffer, at: number): number {
    const end = at + this.length;
    if (this.#plain !== undefined || this.#writes === FEW) target.set(this.bytes(false), at);
    else {
      this.#writes += 1;
      target.write(this.body, at, 'latin1');
      target[end - 1] = CLOSING_BRACE;
    }
    return end;
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
