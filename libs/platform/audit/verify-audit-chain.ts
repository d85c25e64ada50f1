import { type Queryable } from '@base/database';
import { type Anchor, type AnchorSigner } from './anchor.js';
import { GENESIS, hashOf, type AuditRecord } from './audit-record.js';
import { readAuditRecords } from './audit.js';

export type ChainVerdict =
  | { readonly sound: true; readonly records: bigint; readonly anchors: number }
  | { readonly sound: false; readonly at: bigint; readonly fault: ChainFault };

/**
 * `missing`: a record was removed or put elsewhere. `broken-link`: it does not follow the record before it. `altered`: it does not have its own
 * hash. `not-anchored`: it differs from what was sealed outside, or the chain ends before what was sealed. `forged-anchor`: a seal that we did
 * not make.
 */
export type ChainFault = 'missing' | 'broken-link' | 'altered' | 'not-anchored' | 'forged-anchor';

/** Follows a chain record by record. It needs no database, so records exported to a file can be verified anywhere. */
export class ChainVerifier {
  readonly #sealed: ReadonlyMap<bigint, string>;
  readonly #anchors: readonly Anchor[];
  readonly #signer: AnchorSigner;
  #sequence = 0n;
  #hash: Uint8Array = GENESIS;

  constructor(anchors: readonly Anchor[], signer: AnchorSigner) {
    this.#anchors = anchors;
    this.#signer = signer;
    this.#sealed = new Map(anchors.map(({ sequence, hash }) => [sequence, hash]));
  }

  /** The fault of this record, given all those before it. */
  follow(record: AuditRecord): { at: bigint; fault: ChainFault } | undefined {
    const expected = this.#sequence + 1n;
    if (record.sequence !== expected) return { at: expected, fault: 'missing' };
    if (!Buffer.from(record.previousHash).equals(this.#hash)) return { at: expected, fault: 'broken-link' };
    if (!Buffer.from(record.hash).equals(hashOf(record))) return { at: expected, fault: 'altered' };
    const sealed = this.#sealed.get(expected);
    if (sealed !== undefined && sealed !== Buffer.from(record.hash).toString('hex'))
      return { at: expected, fault: 'not-anchored' };
    this.#sequence = expected;
    this.#hash = record.hash;
    return undefined;
  }

  /** The verdict once every record was followed. */
  finish(): ChainVerdict {
    const contradicts = new Map<bigint, string>();
    for (const anchor of this.#anchors) {
      if (!this.#signer.isGenuine(anchor)) return { sound: false, at: anchor.sequence, fault: 'forged-anchor' };
      if (anchor.sequence > this.#sequence) return { sound: false, at: this.#sequence + 1n, fault: 'not-anchored' };
      if ((contradicts.get(anchor.sequence) ?? anchor.hash) !== anchor.hash) {
        return { sound: false, at: anchor.sequence, fault: 'not-anchored' };
      }
      contradicts.set(anchor.sequence, anchor.hash);
    }
    return { sound: true, records: this.#sequence, anchors: this.#anchors.length };
  }
}

const PAGE = 2_000;

/** Reads the whole chain in pages and holds it against the anchors. */
export async function verifyAuditChain(
  db: Queryable,
  anchors: readonly Anchor[],
  signer: AnchorSigner,
): Promise<ChainVerdict> {
  const verifier = new ChainVerifier(anchors, signer);
  for (let after = 0n; ;) {
    const page = await readAuditRecords(db, after, PAGE);
    for (const record of page) {
      const fault = verifier.follow(record);
      if (fault) return { sound: false, ...fault };
    }
    const last = page.at(-1);
    if (page.length < PAGE || !last) return verifier.finish();
    after = last.sequence;
  }
}
