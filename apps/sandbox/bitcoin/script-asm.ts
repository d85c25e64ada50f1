import { opcodes } from 'bitcoinjs-lib';
import { decodeNumber } from './script-number.js';
import { instructions } from './script-type.js';

const OP_1NEGATE = 0x4f;
const OP_1 = 0x51;
const OP_16 = 0x60;
const LAST_KNOWN = 0xba;
const NAMES = new Map(
  Object.entries(opcodes).flatMap(([name, code]) => (typeof code === 'number' ? [[code, name]] : [])),
);
NAMES.set(0xb1, 'OP_CHECKLOCKTIMEVERIFY').set(0xb2, 'OP_CHECKSEQUENCEVERIFY');

const HASH_TYPES: Readonly<Record<number, string>> = {
  0x01: 'ALL',
  0x02: 'NONE',
  0x03: 'SINGLE',
  0x81: 'ALL|ANYONECANPAY',
  0x82: 'NONE|ANYONECANPAY',
  0x83: 'SINGLE|ANYONECANPAY',
};

/** A script in words, as Bitcoin Core prints it; in unlocking scripts a signature's hash type is spelled out. */
export function scriptAsm(script: Buffer, unlocking = false): string {
  const words: string[] = [];
  for (const { opcode, data } of instructions(script)) {
    if (opcode === undefined) words.push('[error]');
    else if (data) words.push(pushed(data, unlocking));
    else words.push(opcodeName(opcode));
  }
  return words.join(' ');
}

function opcodeName(opcode: number): string {
  if (opcode === OP_1NEGATE) return '-1';
  if (opcode >= OP_1 && opcode <= OP_16) return String(opcode - OP_1 + 1);
  return opcode > LAST_KNOWN ? 'OP_UNKNOWN' : (NAMES.get(opcode) ?? 'OP_UNKNOWN');
}

function pushed(data: Buffer, unlocking: boolean): string {
  if (data.length <= 4) return String(decodeNumber(data));
  const hashType = HASH_TYPES[data.at(-1) ?? 0];
  const isSignature = data[0] === 0x30 && data.length >= 9 && data.length <= 73 && data[1] === data.length - 3;
  return unlocking && isSignature && hashType !== undefined
    ? `${data.subarray(0, -1).toString('hex')}[${hashType}]`
    : data.toString('hex');
}
