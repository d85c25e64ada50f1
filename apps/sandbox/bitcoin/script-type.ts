/** The output templates that Bitcoin Core tells apart, under its names. */
export type ScriptType =
  | 'pubkey'
  | 'pubkeyhash'
  | 'scripthash'
  | 'multisig'
  | 'nulldata'
  | 'anchor'
  | 'witness_v0_keyhash'
  | 'witness_v0_scripthash'
  | 'witness_v1_taproot'
  | 'witness_unknown'
  | 'nonstandard';

export interface WitnessProgram {
  readonly version: number;
  readonly program: Buffer;
}

export interface Multisig {
  readonly required: number;
  readonly keys: readonly Buffer[];
}

const OP_RETURN = 0x6a;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;
const PAY_TO_ANCHOR = Buffer.from('51024e73', 'hex');

/** Which template a locking script follows. */
export function scriptType(script: Buffer): ScriptType {
  if (isPayToPubkeyHash(script)) return 'pubkeyhash';
  if (isPayToScriptHash(script)) return 'scripthash';
  const witness = witnessProgram(script);
  if (witness) return witnessType(script, witness);
  if (script[0] === OP_RETURN && isPushOnly(script.subarray(1))) return 'nulldata';
  if (paidPubkey(script)) return 'pubkey';
  if (multisig(script)) return 'multisig';
  return 'nonstandard';
}

function witnessType(script: Buffer, { version, program }: WitnessProgram): ScriptType {
  if (version === 0 && program.length === 20) return 'witness_v0_keyhash';
  if (version === 0 && program.length === 32) return 'witness_v0_scripthash';
  if (version === 0) return 'nonstandard';
  if (version === 1 && program.length === 32) return 'witness_v1_taproot';
  return script.equals(PAY_TO_ANCHOR) ? 'anchor' : 'witness_unknown';
}

/** The version and bytes of a BIP-141 witness program, if the script is one. */
export function witnessProgram(script: Buffer): WitnessProgram | undefined {
  const opcode = script[0];
  if (script.length < 4 || script.length > 42 || opcode === undefined || script[1] !== script.length - 2)
    return undefined;
  if (opcode !== 0 && (opcode < 0x51 || opcode > 0x60)) return undefined;
  return { version: opcode === 0 ? 0 : opcode - 0x50, program: script.subarray(2) };
}

export function isPayToPubkeyHash(script: Buffer): boolean {
  return script.length === 25 && script.readUIntBE(0, 3) === 0x76a914 && script.readUInt16BE(23) === 0x88ac;
}

export function isPayToScriptHash(script: Buffer): boolean {
  return script.length === 23 && script.readUInt16BE(0) === 0xa914 && script[22] === 0x87;
}

/** The key of a pay-to-pubkey script. */
export function paidPubkey(script: Buffer): Buffer | undefined {
  const key = script.subarray(1, -1);
  const fits = script[0] === key.length && script.at(-1) === OP_CHECKSIG;
  return fits && isPubkey(key) ? key : undefined;
}

/** Threshold and keys of a bare multisig script. */
export function multisig(script: Buffer): Multisig | undefined {
  const required = smallInteger(script[0]);
  const total = smallInteger(script.at(-2));
  if (required === undefined || total === undefined || script.at(-1) !== OP_CHECKMULTISIG) return undefined;
  const keys: Buffer[] = [];
  let at = 1;
  while (at < script.length - 2) {
    const length = script.readUInt8(at);
    const key = script.subarray(at + 1, at + 1 + length);
    if (!isPubkey(key)) return undefined;
    keys.push(key);
    at += 1 + length;
  }
  const sound = at === script.length - 2 && keys.length === total && required <= total;
  return sound ? { required, keys } : undefined;
}

function isPubkey(key: Buffer): boolean {
  if (key.length === 33) return key[0] === 2 || key[0] === 3;
  return key.length === 65 && (key[0] === 4 || key[0] === 6 || key[0] === 7);
}

const smallInteger = (opcode: number | undefined): number | undefined =>
  opcode !== undefined && opcode >= 0x51 && opcode <= 0x60 ? opcode - 0x50 : undefined;

function isPushOnly(script: Buffer): boolean {
  for (const { opcode } of instructions(script)) if (opcode === undefined || opcode > 0x60) return false;
  return true;
}

/** One step of a script; an undefined opcode stands for a push that runs past the end, and is the last step. */
export interface Instruction {
  readonly opcode: number | undefined;
  readonly data?: Buffer;
  /** Offset of the byte after this instruction. */
  readonly end: number;
}

/** The script, instruction by instruction. */
export function* instructions(script: Buffer): Generator<Instruction, void> {
  let at = 0;
  while (at < script.length) {
    const opcode = script.readUInt8(at);
    const width = opcode <= 0x4b || opcode > 0x4e ? 0 : 1 << (opcode - 0x4c);
    const start = at + 1 + width;
    const length = opcode > 0x4e ? 0 : width === 0 ? opcode : pushLength(script, at + 1, width);
    if (start + length > script.length) {
      yield { opcode: undefined, end: script.length };
      return;
    }
    at = start + length;
    yield opcode <= 0x4e ? { opcode, data: script.subarray(start, at), end: at } : { opcode, end: at };
  }
}

/** Infinite when not even the length is there. */
const pushLength = (script: Buffer, at: number, width: number): number =>
  at + width > script.length ? Infinity : script.readUIntLE(at, width);
