import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { appendFile, open, readFile } from 'node:fs/promises';
import { type Secret } from '@base/config';

/** The chain's end at one moment, signed. Kept where whoever can write the database cannot: a chain alone does not show a cut tail. */
export interface Anchor {
  readonly sequence: bigint;
  /** Hexadecimal. */
  readonly hash: string;
  readonly sealedAt: string;
  readonly signature: string;
}

/** Where anchors go. They are only ever added. */
export interface AnchorStore {
  append(anchor: Anchor): Promise<void>;
  /** All anchors, oldest first. */
  read(): Promise<Anchor[]>;
}

/** Signs anchors with a key derived for this alone (HKDF, RFC 5869; HMAC-SHA-256). */
export class AnchorSigner {
  readonly #key: Buffer;

  constructor(key: Secret) {
    this.#key = Buffer.from(hkdfSync('sha256', key.reveal(), 'strongroom', 'audit-anchor', 32));
  }

  sign(head: { sequence: bigint; hash: Uint8Array }, at: Date): Anchor {
    const unsigned = {
      sequence: head.sequence,
      hash: Buffer.from(head.hash).toString('hex'),
      sealedAt: at.toISOString(),
    };
    return { ...unsigned, signature: this.#mac(unsigned).toString('hex') };
  }

  isGenuine(anchor: Anchor): boolean {
    const given = Buffer.from(anchor.signature, 'hex');
    const expected = this.#mac(anchor);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #mac(anchor: Omit<Anchor, 'signature'>): Buffer {
    return createHmac('sha256', this.#key).update(`${anchor.sequence}|${anchor.hash}|${anchor.sealedAt}`).digest();
  }
}

/** One JSON object a line, synced before it counts. Point it at another disk, or at a file that another host collects. */
export class FileAnchorStore implements AnchorStore {
  constructor(private readonly path: string) {}

  async append(anchor: Anchor): Promise<void> {
    await appendFile(this.path, `${JSON.stringify({ ...anchor, sequence: anchor.sequence.toString() })}\n`, {
      mode: 0o600,
    });
    const file = await open(this.path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async read(): Promise<Anchor[]> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // A line without its end was cut by a crash while it was written; it never counted.
    return text.split('\n').slice(0, -1).map(parseAnchor);
  }
}

function parseAnchor(line: string): Anchor {
  const { sequence, hash, sealedAt, signature } = JSON.parse(line) as Record<keyof Anchor, string>;
  return { sequence: BigInt(sequence), hash, sealedAt, signature };
}
