import { SIGNER_FRAME_LIMIT } from '@core/contracts';

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const HEADER_BYTES = 4;

/** One JSON value as a frame: four bytes of length, big-endian, then UTF-8. */
export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  if (body.length > SIGNER_FRAME_LIMIT) throw new FrameError('frame too long');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

/** Cuts a byte stream back into the JSON values that were framed. A length beyond the limit is refused before anything is kept. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Header and body of the frame that is under way, once its header is here. */
  #wanted: number | undefined;

  /** Values completed by these bytes. @throws FrameError on a length beyond the limit, or bytes that are not JSON. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const values: unknown[] = [];
    for (let frame = this.#nextFrame(); frame !== undefined; frame = this.#nextFrame()) {
      try {
        values.push(JSON.parse(frame.toString('utf8', HEADER_BYTES)));
      } catch {
        throw new FrameError('not JSON');
      }
    }
    return values;
  }

  #nextFrame(): Buffer | undefined {
    if (this.#wanted === undefined && this.#held >= HEADER_BYTES) {
      const length = this.#joined().readUInt32BE(0);
      if (length > SIGNER_FRAME_LIMIT) throw new FrameError('frame too long');
      this.#wanted = HEADER_BYTES + length;
    }
    // Chunks are joined when a frame is whole, not each time, so that a trickle of bytes costs no more than a flood.
    if (this.#wanted === undefined || this.#held < this.#wanted) return undefined;
    const all = this.#joined();
    const frame = all.subarray(0, this.#wanted);
    const rest = all.subarray(this.#wanted);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    this.#wanted = undefined;
    return frame;
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}
