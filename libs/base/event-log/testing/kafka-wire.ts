/**
 * As much of Kafka's protocol (https://kafka.apache.org/protocol) as the proxy must read: lengths before each message, the headers, metadata
 * answers up to version 6, produce requests from version 3 on with record batches of format 2.
 */
export const PRODUCE = 0;
export const METADATA = 3;

/** Whole messages out of a stream of bytes, each with its length in front. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const whole: Buffer[] = [];
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readInt32BE(0);
      if (this.#rest.length < end) break;
      whole.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return whole;
  }
}

export interface Request {
  readonly api: number;
  readonly version: number;
  readonly correlation: number;
}

export const requestOf = (frame: Buffer): Request => ({
  api: frame.readInt16BE(4),
  version: frame.readInt16BE(6),
  correlation: frame.readInt32BE(8),
});

export const correlationOf = (answer: Buffer): number => answer.readInt32BE(4);

class Cursor {
  at: number;

  constructor(
    readonly bytes: Buffer,
    at: number,
  ) {
    this.at = at;
  }

  int16(): number {
    return this.bytes.readInt16BE((this.at += 2) - 2);
  }

  int32(): number {
    return this.bytes.readInt32BE((this.at += 4) - 4);
  }

  /** A length of 16 bits, -1 for none, and so many bytes. */
  text(): string {
    const length = Math.max(0, this.int16());
    return this.bytes.toString('utf8', (this.at += length) - length, this.at);
  }
}

export interface Readdressing {
  /** Of the brokers, by node. */
  readonly ports: ReadonlyMap<number, number>;
  readonly controller: number;
  /** Another leader for a partition than it has. */
  readonly leaderOf: (partition: number, leader: number) => number;
}

/** Writes all that into an answer to a request for metadata. */
export function readdress(answer: Buffer, version: number, { ports, controller, leaderOf }: Readdressing): void {
  const cursor = new Cursor(answer, 8 + (version >= 3 ? 4 : 0));
  for (let left = cursor.int32(); left > 0; left -= 1) {
    const node = cursor.int32();
    cursor.text();
    answer.writeInt32BE(ports.get(node) ?? 0, cursor.at);
    cursor.at += 4;
    if (version >= 1) cursor.text();
  }
  if (version >= 2) cursor.text();
  if (version >= 1) answer.writeInt32BE(controller, (cursor.at += 4) - 4);
  for (let topics = cursor.int32(); topics > 0; topics -= 1) {
    cursor.int16();
    cursor.text();
    if (version >= 1) cursor.at += 1;
    for (let partitions = cursor.int32(); partitions > 0; partitions -= 1) {
      cursor.int16();
      const partition = cursor.int32();
      answer.writeInt32BE(leaderOf(partition, answer.readInt32BE(cursor.at)), cursor.at);
      cursor.at += 4;
      // Replicas, those in sync, and those that are away.
      for (let lists = version >= 5 ? 3 : 2; lists > 0; lists -= 1) {
        const nodes = cursor.int32();
        cursor.at += 4 * nodes;
      }
    }
  }
}

export interface ProducedBatch {
  readonly acks: number;
  readonly topic: string;
  readonly partition: number;
  /** -1 when the producer is not idempotent. */
  readonly producerId: bigint;
  readonly baseSequence: number;
  readonly records: number;
}

/** The batches of a produce request. */
export function batchesOf(frame: Buffer): ProducedBatch[] {
  const cursor = new Cursor(frame, 12);
  cursor.text();
  cursor.text();
  const acks = cursor.int16();
  cursor.int32();
  const batches: ProducedBatch[] = [];
  for (let topics = cursor.int32(); topics > 0; topics -= 1) {
    const topic = cursor.text();
    for (let partitions = cursor.int32(); partitions > 0; partitions -= 1) {
      const partition = cursor.int32();
      const length = cursor.int32();
      const batch = {
        producerId: frame.readBigInt64BE(cursor.at + 43),
        baseSequence: frame.readInt32BE(cursor.at + 53),
      };
      batches.push({ acks, topic, partition, ...batch, records: frame.readInt32BE(cursor.at + 57) });
      cursor.at += length;
    }
  }
  return batches;
}
