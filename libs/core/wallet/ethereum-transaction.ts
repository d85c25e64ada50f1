import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getAddress, Transaction } from 'ethers';
import { type DigestSigner } from './ecdsa.js';
import { ethereumAddressOf } from './ethereum-address.js';
import { rlpEncode } from './rlp.js';
import { refusing, WalletRefusal } from './wallet-refusal.js';

/** A plain EIP-1559 transfer of ether: no call data, no access list. Amounts in wei. */
export interface EthereumTransfer {
  readonly chainId: bigint;
  readonly nonce: number;
  /** EIP-55 spelling. */
  readonly to: string;
  readonly value: bigint;
  readonly gasLimit: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export interface SignedEthereumTransaction {
  /** `0x02…`, ready to broadcast. */
  readonly raw: string;
  readonly hash: string;
  readonly from: string;
}

const UINT256 = 1n << 256n;

/** Unsigned EIP-1559 bytes, `0x02 || rlp([...])`, hexadecimal. Refuses chain id 0 (replayable everywhere) and anything off range. */
export function buildEthereumTransfer(transfer: EthereumTransfer): string {
  checkRanges(transfer);
  const unsigned = refusing('transaction_malformed', 'ethers refused the transfer', () =>
    Transaction.from({ type: 2, data: '0x', accessList: [], ...transfer }),
  ).unsignedSerialized;
  if (unsigned !== secondOpinion(transfer)) throw new WalletRefusal('second_opinion_differs', 'encoders disagree');
  return unsigned;
}

/**
 * Reads unsigned bytes back. Refuses signed transactions, every type but 2 (a legacy one may be replayable, others carry what a
 * transfer has no use for), contract creation, call data, access lists, and any encoding that is not the canonical one.
 */
export function readEthereumTransfer(unsigned: string): EthereumTransfer {
  if (!/^0x02[0-9a-f]+$/.test(unsigned))
    throw new WalletRefusal('transaction_type_refused', 'not an EIP-1559 transaction');
  const parsed = refusing('transaction_malformed', 'not a transaction', () => Transaction.from(unsigned));
  if (parsed.signature !== null) throw new WalletRefusal('transaction_malformed', 'signed already');
  if (parsed.to === null || parsed.data !== '0x' || (parsed.accessList ?? []).length > 0) {
    throw new WalletRefusal('transaction_type_refused', 'not a plain transfer');
  }
  const transfer = {
    chainId: parsed.chainId,
    nonce: parsed.nonce,
    to: getAddress(parsed.to),
    value: parsed.value,
    gasLimit: parsed.gasLimit,
    maxFeePerGas: parsed.maxFeePerGas ?? 0n,
    maxPriorityFeePerGas: parsed.maxPriorityFeePerGas ?? 0n,
  };
  if (buildEthereumTransfer(transfer) !== unsigned)
    throw new WalletRefusal('transaction_malformed', 'not canonically encoded');
  return transfer;
}

/** Signs unsigned EIP-1559 bytes and checks that the result recovers to the key's address from its own bytes. */
export function signEthereumTransfer(unsigned: string, sign: DigestSigner): SignedEthereumTransaction {
  const transfer = readEthereumTransfer(unsigned);
  const { compact, recovery, publicKey } = sign(keccak_256(hexToBytes(unsigned.slice(2))));
  const transaction = Transaction.from(unsigned);
  transaction.signature = {
    r: `0x${bytesToHex(compact.slice(0, 32))}`,
    s: `0x${bytesToHex(compact.slice(32))}`,
    yParity: recovery,
  };
  const raw = transaction.serialized;
  const from = ethereumAddressOf(publicKey);
  const again = readSignedTransfer(raw);
  if (again.from !== from || buildEthereumTransfer(again.transfer) !== buildEthereumTransfer(transfer)) {
    throw new WalletRefusal('signature_invalid', 'the signed transaction does not read back as what was asked');
  }
  return { raw, hash: `0x${bytesToHex(keccak_256(hexToBytes(raw.slice(2))))}`, from };
}

/** Reads a signed transfer: its fields and the address its signature recovers to. */
export function readSignedTransfer(raw: string): { transfer: EthereumTransfer; from: string; hash: string } {
  if (!/^0x02[0-9a-f]+$/.test(raw)) throw new WalletRefusal('transaction_type_refused', 'not an EIP-1559 transaction');
  const parsed = refusing('transaction_malformed', 'not a transaction', () => Transaction.from(raw));
  if (parsed.from === null || parsed.hash === null) throw new WalletRefusal('signature_invalid', 'not signed');
  return { transfer: readEthereumTransfer(parsed.unsignedSerialized), from: parsed.from, hash: parsed.hash };
}

function checkRanges(transfer: EthereumTransfer): void {
  const { chainId, nonce, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = transfer;
  const inRange = [value, gasLimit, maxFeePerGas, maxPriorityFeePerGas].every((x) => x >= 0n && x < UINT256);
  if (chainId <= 0n) throw new WalletRefusal('transaction_type_refused', 'chain id 0 would be valid on every chain');
  if (!inRange || !Number.isSafeInteger(nonce) || nonce < 0)
    throw new WalletRefusal('transaction_malformed', 'field out of range');
  if (maxPriorityFeePerGas > maxFeePerGas)
    throw new WalletRefusal('transaction_malformed', 'tip above the fee cap (EIP-1559)');
  if (gasLimit < 21_000n) throw new WalletRefusal('transaction_malformed', 'below the cost of any transaction');
}

/** The same bytes by our own few lines of RLP, so that one wrong encoder cannot make us sign another transfer. */
function secondOpinion(transfer: EthereumTransfer): string {
  const { chainId, nonce, to, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = transfer;
  const fields = [chainId, BigInt(nonce), maxPriorityFeePerGas, maxFeePerGas, gasLimit, hexToBytes(to.slice(2)), value];
  return `0x02${bytesToHex(rlpEncode([...fields, new Uint8Array(), []]))}`;
}
