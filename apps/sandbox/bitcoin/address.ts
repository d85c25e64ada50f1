import { address as codec } from 'bitcoinjs-lib';
import { scriptType, witnessProgram } from './script-type.js';

const PUBKEY_HASH = 0x6f;
const SCRIPT_HASH = 0xc4;
const PREFIX = 'bcrt';

/** The regtest address of a locking script, or undefined where Bitcoin Core shows none (P2PK, multisig, data). */
export function addressOf(script: Buffer): string | undefined {
  const type = scriptType(script);
  if (type === 'pubkeyhash') return codec.toBase58Check(script.subarray(3, 23), PUBKEY_HASH);
  if (type === 'scripthash') return codec.toBase58Check(script.subarray(2, 22), SCRIPT_HASH);
  const witness = type === 'nonstandard' ? undefined : witnessProgram(script);
  return witness && codec.toBech32(witness.program, witness.version, PREFIX);
}

/** The locking script of a regtest address; undefined when it is not one (other network, bad checksum, bad length). */
export function scriptOf(address: string): Buffer | undefined {
  return fromBech32(address) ?? fromBase58(address);
}

function fromBech32(address: string): Buffer | undefined {
  try {
    const { prefix, version, data } = codec.fromBech32(address);
    const sound = version === 0 ? data.length === 20 || data.length === 32 : version <= 16;
    if (prefix !== PREFIX || !sound || data.length < 2 || data.length > 40) return undefined;
    return Buffer.from([version === 0 ? 0 : 0x50 + version, data.length, ...data]);
  } catch {
    return undefined;
  }
}

function fromBase58(address: string): Buffer | undefined {
  try {
    const { version, hash } = codec.fromBase58Check(address);
    if (version === PUBKEY_HASH) return Buffer.from([0x76, 0xa9, 20, ...hash, 0x88, 0xac]);
    if (version === SCRIPT_HASH) return Buffer.from([0xa9, 20, ...hash, 0x87]);
    return undefined;
  } catch {
    return undefined;
  }
}
