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

  /** Values completed by these bytes. @throws FrameError on a length beyond the limit, or bytes that are not JSON. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const values: unknown[] = [];
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      const body = this.#take(HEADER_BYTES + length).subarray(HEADER_BYTES);
      try {
        values.push(JSON.parse(body.toString('utf8')));
      } catch {
        throw new FrameError('not JSON');
      }
    }
    return values;
  }

  /** Length of the next body, once all of it is here. */
  #nextLength(): number | undefined {
    if (this.#held < HEADER_BYTES) return undefined;
    const length = this.#join().readUInt32BE(0);
    if (length > SIGNER_FRAME_LIMIT) throw new FrameError('frame too long');
    return this.#held >= HEADER_BYTES + length ? length : undefined;
  }

  #take(length: number): Buffer {
    const all = this.#join();
    const rest = all.subarray(length);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return all.subarray(0, length);
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}
