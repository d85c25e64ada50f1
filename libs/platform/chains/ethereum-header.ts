import { keccak_256 } from '@noble/hashes/sha3.js';
import { z } from 'zod';
import { type Rlp, rlpEncode } from '@core/wallet';

export const quantity = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,63})$/).transform(BigInt); // prettier-ignore
export const hash32 = z.string().regex(/^0x[0-9a-f]{64}$/);
const bytes = z.string().regex(/^0x([0-9a-f]{2})*$/).max(4096); // prettier-ignore

/** Header fields in the order in which they are hashed; each fork has appended some. */
export const headerSchema = z.object({
  hash: hash32,
  parentHash: hash32,
  sha3Uncles: hash32,
  miner: z.string().regex(/^0x[0-9a-fA-F]{40}$/).toLowerCase(), // prettier-ignore
  stateRoot: hash32,
  transactionsRoot: hash32,
  receiptsRoot: hash32,
  logsBloom: bytes,
  difficulty: quantity,
  number: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  timestamp: quantity,
  extraData: bytes,
  mixHash: hash32,
  nonce: bytes,
  baseFeePerGas: quantity.optional(),
  withdrawalsRoot: hash32.optional(),
  blobGasUsed: quantity.optional(),
  excessBlobGas: quantity.optional(),
  parentBeaconBlockRoot: hash32.optional(),
  requestsHash: hash32.optional(),
});
export type EthereumHeader = z.infer<typeof headerSchema>;

/** Keccak-256 of the RLP of a header: what its hash has to be (yellow paper §4.3, EIP-1559, 4895, 4844, 4788, 7685). */
export function headerHash(header: EthereumHeader): string {
  const raw = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
  const fields: Rlp[] = [
    raw(header.parentHash),
    raw(header.sha3Uncles),
    raw(header.miner),
    raw(header.stateRoot),
    raw(header.transactionsRoot),
    raw(header.receiptsRoot),
    raw(header.logsBloom),
    header.difficulty,
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    raw(header.extraData),
    raw(header.mixHash),
    raw(header.nonce),
  ];
  const later = [
    header.baseFeePerGas,
    header.withdrawalsRoot,
    header.blobGasUsed,
    header.excessBlobGas,
    header.parentBeaconBlockRoot,
    header.requestsHash,
  ];
  for (const field of later) {
    if (field === undefined) break;
    fields.push(typeof field === 'bigint' ? field : raw(field));
  }
  return `0x${Buffer.from(keccak_256(rlpEncode(fields))).toString('hex')}`;
}
