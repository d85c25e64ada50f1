import { HEADER_BYTES } from '@core/contracts';

const BUFFER_BYTES = 64 * 1024;

/** A whole message: `length` bytes of `bytes`, and of `view`, from `at` on, until this returns. False: not now, stop here. */
export type Receive = (bytes: Uint8Array, view: DataView, at: number, length: number) => boolean;

/** drained: all that was whole has been received. stopped: the receiver wants to be asked again. Otherwise the stream is lost. */
export type Reading = 'drained' | 'stopped' | 'malformed' | 'oversized';

/**
 * Finds whole messages in what a socket delivers, where it was delivered: the socket writes into `buffer` again and again (`onread`),
 * and only a message that two deliveries share is put together elsewhere. Nothing is allocated per message.
 */
export class MessageReader {
  readonly buffer = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.buffer.buffer);
  readonly #longest: number;
  readonly #receive: Receive;
  readonly #split: Uint8Array;
  readonly #splitView: DataView;
  #splitFilled = 0;
  #at = 0;
  #end = 0;

  /** @param longest bytes of the longest message that may come */
  constructor(longest: number, receive: Receive) {
    this.#longest = longest;
    this.#receive = receive;
    this.#split = new Uint8Array(longest);
    this.#splitView = new DataView(this.#split.buffer);
  }

  /** The socket has put `count` bytes at the start of `buffer`. The last ones have been read by then. */
  filled(count: number): Reading {
    this.#at = 0;
    this.#end = count;
    return this.resume();
  }

  /** Goes on where the receiver stopped. */
  resume(): Reading {
    if (this.#splitFilled > 0) {
      const reading = this.#finishSplit();
      if (reading !== undefined) return reading;
    }
    while (this.#end - this.#at >= 2) {
      const length = this.#view.getUint16(this.#at, true);
      const fault = this.#faultOf(length);
      if (fault !== undefined) return fault;
      if (this.#end - this.#at < length) break;
      if (!this.#receive(this.buffer, this.#view, this.#at, length)) return 'stopped';
      this.#at += length;
    }
    while (this.#at < this.#end) this.#split[this.#splitFilled++] = this.buffer[this.#at++] as number;
    return 'drained';
  }

  #faultOf(length: number): 'malformed' | 'oversized' | undefined {
    if (length > this.#longest) return 'oversized';
    return length < HEADER_BYTES || length % 8 !== 0 ? 'malformed' : undefined;
  }

  /** Completes the message that the last delivery began; undefined when it has been received. */
  #finishSplit(): Reading | undefined {
    for (let wanted = 2; this.#splitFilled < wanted || wanted === 2;) {
      while (this.#splitFilled < wanted && this.#at < this.#end) {
        this.#split[this.#splitFilled++] = this.buffer[this.#at++] as number;
      }
      if (this.#splitFilled < wanted) return 'drained';
      if (wanted > 2) break;
      wanted = this.#splitView.getUint16(0, true);
      const fault = this.#faultOf(wanted);
      if (fault !== undefined) return fault;
    }
    if (!this.#receive(this.#split, this.#splitView, 0, this.#splitFilled)) return 'stopped';
    this.#splitFilled = 0;
    return undefined;
  }
}
