import { describe, expect, it } from '@jest/globals';
import bcoin, { type TX } from 'bcoin';
import fc from 'fast-check';
import { encodeNumber } from './script-number.js';
import { runLeaf } from './tapscript.js';
import { STACK_OPERATIONS } from './tapscript-opcodes.js';
import { TapscriptStack } from './tapscript-stack.js';
import { TaprootSighash } from './taproot-sighash.js';

const consensus = { discourageUpgrades: false, requireMinimalPushes: false };
const policy = { discourageUpgrades: true, requireMinimalPushes: true };
const MINIMAL_DATA = bcoin.Script.flags['VERIFY_MINIMALDATA'] ?? 0;
const MINIMAL_IF = bcoin.Script.flags['VERIFY_MINIMALIF'] ?? 0;

function transaction({ locktime = 0, sequence = 0xffffffff, version = 2 } = {}): TX {
  const raw = Buffer.alloc(4 + 1 + 41 + 1 + 13 + 4);
  raw.writeInt32LE(version, 0);
  raw.writeUInt8(1, 4);
  raw.fill(0x11, 5, 37);
  raw.writeUInt32LE(sequence, 42);
  raw.writeUInt8(1, 46);
  raw.writeUInt8(4, 55);
  raw.write('51024e73', 56, 'hex');
  raw.writeUInt32LE(locktime, 60);
  return bcoin.TX.fromRaw(raw);
}

interface Run {
  readonly stack?: readonly Buffer[];
  readonly rules?: typeof consensus;
  readonly tx?: TX;
  readonly version?: number;
  readonly witnessSize?: number;
}

/** How a leaf with this script ends: undefined when satisfied, else the failure's code. */
function verdict(script: string, run: Run = {}): string | undefined {
  const { stack = [], rules = consensus, tx = transaction(), version = 0xc0, witnessSize = 1_000 } = run;
  const spent = { value: 1_000, script: bcoin.Script.fromRaw(Buffer.alloc(34)), getSize: () => 43 };
  const input = { tx, index: 0, spent, sighash: new TaprootSighash(tx, [spent]) };
  const leaf = {
    version,
    script: Buffer.from(script, 'hex'),
    stack,
    leafHash: Buffer.alloc(32),
    annex: undefined,
    witnessSize,
  };
  return codeOf(() => runLeaf(input, leaf, rules));
}

/** How bcoin's own interpreter, older and independent, ends on the same script under segwit's rules. */
function bcoinVerdict(
  script: Buffer,
  initial: readonly Buffer[],
  flags: number,
): { code: string | undefined; items: string[] } {
  const stack = new bcoin.Stack([...initial]);
  const code = codeOf(() => bcoin.Script.fromRaw(script).execute(stack, flags, transaction(), 0, 0, 1));
  return { code, items: stack.items.map((item) => item.toString('hex')) };
}

function codeOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
    throw error;
  }
}

const element = fc.oneof(
  fc.integer({ min: -3, max: 6 }).map(encodeNumber),
  fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(Buffer.from([0x80]), Buffer.from([0, 0x80]), Buffer.from([1, 0]), Buffer.alloc(4, 0xff)),
);

describe('tapscript', () => {
  it('works on the stack as bcoin’s interpreter does, opcode by opcode', () => {
    const opcodes = fc.array(fc.constantFrom(...STACK_OPERATIONS.keys()), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(element, { maxLength: 8 }), opcodes, fc.boolean(), (initial, script, minimal) => {
        const expected = bcoinVerdict(Buffer.from(script), initial, minimal ? MINIMAL_DATA : 0);
        const stack = new TapscriptStack(initial, minimal);
        const code = codeOf(() => script.forEach((opcode) => STACK_OPERATIONS.get(opcode)!(stack)));
        expect(code).toBe(expected.code);
        if (code !== undefined) return;
        const items = stack.depth === 0 ? [] : stack.take(stack.depth - 1, stack.depth);
        expect(items.map((item) => item.toString('hex'))).toEqual(expected.items);
      }),
      { numRuns: 3_000 },
    );
  });

  it('branches and pushes as bcoin’s interpreter does', () => {
    const flow = [0x63, 0x64, 0x67, 0x68].map((opcode) => Buffer.from([opcode]));
    const others = [0x00, 0x51, 0x52, 0x4f, 0x75, 0x76, 0x87, 0x91, 0x69, 0x93].map((opcode) => Buffer.from([opcode]));
    const push = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from([bytes.length, ...bytes]));
    const parts = fc.array(fc.oneof(fc.constantFrom(...flow), fc.constantFrom(...others), push), { maxLength: 14 });
    // bcoin reports these under its older names.
    const renamed: Record<string, string> = { MINIMALIF: 'TAPSCRIPT_MINIMALIF' };
    fc.assert(
      fc.property(parts, fc.boolean(), (chosen, minimal) => {
        const script = Buffer.concat([Buffer.from([0x51]), ...chosen]);
        const { code, items } = bcoinVerdict(script, [], MINIMAL_IF | (minimal ? MINIMAL_DATA : 0));
        const ending = items.length !== 1 ? 'CLEANSTACK' : /^(00)*(80)?$/.test(items[0]!) ? 'EVAL_FALSE' : undefined;
        const expected = code === undefined ? ending : (renamed[code] ?? code);
        const rules = { discourageUpgrades: false, requireMinimalPushes: minimal };
        expect(verdict(script.toString('hex'), { rules })).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  it('must end with exactly one true element', () => {
    expect(verdict('51')).toBeUndefined();
    expect(verdict('5151')).toBe('CLEANSTACK');
    expect(verdict('00')).toBe('EVAL_FALSE');
    expect(verdict('0180')).toBe('EVAL_FALSE');
    expect(verdict('5163')).toBe('UNBALANCED_CONDITIONAL');
  });

  it('succeeds at once on an OP_SUCCESS, wherever it stands, and policy refuses it', () => {
    for (const opcode of [80, 98, 126, 134, 137, 142, 149, 153, 187, 254]) {
      const script = Buffer.from([0x00, 0x63, opcode, 0x6a]).toString('hex');
      expect(verdict(script)).toBeUndefined();
      expect(verdict(script, { rules: policy })).toBe('DISCOURAGE_OP_SUCCESS');
    }
    expect(verdict('4c')).toBe('BAD_OPCODE');
    // What follows an OP_SUCCESS need not even decode; what comes before must.
    expect(verdict('504c')).toBeUndefined();
  });

  it('leaves unknown leaf versions, key kinds and NOPs to soft forks', () => {
    expect(verdict('6a', { version: 0xc2 })).toBeUndefined();
    expect(verdict('6a', { version: 0xc2, rules: policy })).toBe('DISCOURAGE_UPGRADABLE_TAPROOT_VERSION');
    const stack = [Buffer.from([1])];
    expect(verdict('0102ac', { stack })).toBeUndefined();
    expect(verdict('0102ac', { stack, rules: policy })).toBe('MINIMALDATA');
    expect(verdict('020203ac', { stack, rules: policy })).toBe('DISCOURAGE_UPGRADABLE_PUBKEYTYPE');
    expect(verdict('00ac', { stack })).toBe('PUBKEYTYPE');
    expect(verdict('51b0')).toBeUndefined();
    expect(verdict('51b0', { rules: policy })).toBe('DISCOURAGE_UPGRADABLE_NOPS');
  });

  it('has no OP_CHECKMULTISIG', () => {
    expect(verdict('ae')).toBe('TAPSCRIPT_CHECKMULTISIG');
    expect(verdict('af')).toBe('TAPSCRIPT_CHECKMULTISIG');
    expect(verdict('0063ae6851')).toBeUndefined();
  });

  it('counts an absent signature as no, and fails on a present but wrong one', () => {
    const key = `20${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`;
    expect(verdict(`${key}ac91`, { stack: [Buffer.alloc(0)] })).toBeUndefined();
    expect(verdict(`${key}ac`, { stack: [Buffer.alloc(64, 1)] })).toBe('SCHNORR_SIG');
    expect(verdict(`53${key}ba539c`, { stack: [Buffer.alloc(0)] })).toBeUndefined();
    expect(verdict(`${key}ad51`, { stack: [Buffer.alloc(0)] })).toBe('CHECKSIGVERIFY');
  });

  it('pays for each signature check with 50 bytes of witness', () => {
    const anyKey = '020203';
    const checks = (count: number): string => `76${anyKey}ad`.repeat(count) + '7551';
    const stack = [Buffer.from([1])];
    expect(verdict(checks(3), { stack, witnessSize: 100 })).toBeUndefined();
    expect(verdict(checks(4), { stack, witnessSize: 100 })).toBe('TAPSCRIPT_VALIDATION_WEIGHT');
  });

  it('holds a thousand elements of 520 bytes and no more', () => {
    expect(verdict('51'.repeat(1_000) + '75'.repeat(999))).toBeUndefined();
    expect(verdict('51'.repeat(1_001))).toBe('STACK_SIZE');
    expect(verdict('51', { stack: [Buffer.alloc(521)] })).toBe('PUSH_SIZE');
    expect(verdict('7551', { stack: [Buffer.alloc(520)] })).toBeUndefined();
    expect(verdict('51', { stack: Array.from({ length: 1_001 }, () => Buffer.alloc(0)) })).toBe('STACK_SIZE');
  });

  it('compares lock-times of one unit only, and not in a final input (BIP-65)', () => {
    const at = (locktime: number, sequence = 0): Run => ({ tx: transaction({ locktime, sequence }) });
    const script = '01 64 b1'.replaceAll(' ', '');
    expect(verdict(script, at(100))).toBeUndefined();
    expect(verdict(script, at(99))).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict(script, at(600_000_000))).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict(script, at(100, 0xffffffff))).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict('4fb1', at(100))).toBe('NEGATIVE_LOCKTIME');
  });

  it('compares the age of the coin in one unit only (BIP-112)', () => {
    const aged = (sequence: number, version = 2): Run => ({ tx: transaction({ sequence, version }) });
    expect(verdict('5ab2', aged(10))).toBeUndefined();
    expect(verdict('5ab2', aged(9))).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict('5ab2', aged(10, 1))).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict('5ab2', aged(0x0040000a))).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict('030a0040b2', aged(0x0040000a))).toBeUndefined();
    expect(verdict('5ab2', aged(0x8000000a))).toBe('UNSATISFIED_LOCKTIME');
    // The disable bit in the script makes it a NOP.
    expect(verdict('050000008000b2', aged(0xffffffff))).toBeUndefined();
  });
});
