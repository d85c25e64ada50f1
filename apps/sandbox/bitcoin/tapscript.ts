import { requireSchnorrSignature, type RevealedLeaf, type TaprootInput } from './taproot.js';
import { ScriptFailure } from './script-failure.js';
import { isTrue } from './script-number.js';
import { instructions, type Instruction } from './script-type.js';
import { STACK_OPERATIONS, verified } from './tapscript-opcodes.js';
import { TapscriptStack } from './tapscript-stack.js';

const MAX_ELEMENT = 520;
const SIGNATURE_COST = 50;
const LOCKTIME_THRESHOLD = 500_000_000;
const SEQUENCE_FINAL = 0xffffffff;
const SEQUENCE_DISABLE = 0x80000000;
const SEQUENCE_TYPE = 0x00400000;
const SEQUENCE_MASK = 0x0000ffff;
const NO_CODE_SEPARATOR = 0xffffffff;

const OP = {
  NEGATE1: 0x4f,
  OP_1: 0x51,
  OP_16: 0x60,
  NOP: 0x61,
  IF: 0x63,
  NOTIF: 0x64,
  ELSE: 0x67,
  ENDIF: 0x68,
  RETURN: 0x6a,
  CODESEPARATOR: 0xab,
  CHECKSIG: 0xac,
  CHECKSIGVERIFY: 0xad,
  CHECKMULTISIG: 0xae,
  CHECKMULTISIGVERIFY: 0xaf,
  NOP1: 0xb0,
  CHECKLOCKTIMEVERIFY: 0xb1,
  CHECKSEQUENCEVERIFY: 0xb2,
  NOP10: 0xb9,
  CHECKSIGADD: 0xba,
} as const;

/** Byte ranges of the opcodes that make a script succeed, so that a soft fork may give them a meaning (BIP-342). */
const SUCCESS_RANGES = [
  [80, 80],
  [98, 98],
  [126, 129],
  [131, 134],
  [137, 138],
  [141, 142],
  [149, 153],
  [187, 254],
] as const;

/** Which rules of relay policy apply on top of consensus. */
export interface TapscriptPolicy {
  /** Refuse what a soft fork may one day restrict: unknown leaves, keys, NOPs, OP_SUCCESS. */
  readonly discourageUpgrades: boolean;
  readonly requireMinimalPushes: boolean;
}

/** Runs the leaf that a taproot input reveals (BIP-341, BIP-342). Throws a ScriptFailure unless it is satisfied. */
export function runLeaf(input: TaprootInput, leaf: RevealedLeaf, policy: TapscriptPolicy): void {
  if (leaf.version !== 0xc0) {
    if (policy.discourageUpgrades) throw new ScriptFailure('DISCOURAGE_UPGRADABLE_TAPROOT_VERSION');
    return;
  }
  if (hasSuccessOpcode(leaf.script)) {
    if (policy.discourageUpgrades) throw new ScriptFailure('DISCOURAGE_OP_SUCCESS');
    return;
  }
  if (leaf.stack.some((element) => element.length > MAX_ELEMENT)) throw new ScriptFailure('PUSH_SIZE');
  new Tapscript(input, leaf, policy).run();
}

/** Looks at the bytes in order: an OP_SUCCESS counts only if everything before it decodes. */
function hasSuccessOpcode(script: Buffer): boolean {
  for (const { opcode } of instructions(script)) {
    if (opcode === undefined) throw new ScriptFailure('BAD_OPCODE');
    if (SUCCESS_RANGES.some(([first, last]) => opcode >= first && opcode <= last)) return true;
  }
  return false;
}

class Tapscript {
  private readonly stack: TapscriptStack;
  /** One per open OP_IF: whether its current branch runs. */
  private readonly branches: boolean[] = [];
  private budget: number;
  private codeSeparator = NO_CODE_SEPARATOR;

  constructor(
    private readonly input: TaprootInput,
    private readonly leaf: RevealedLeaf,
    private readonly policy: TapscriptPolicy,
  ) {
    this.stack = new TapscriptStack(leaf.stack, policy.requireMinimalPushes);
    this.budget = leaf.witnessSize + SIGNATURE_COST;
  }

  run(): void {
    let position = 0;
    for (const instruction of instructions(this.leaf.script)) {
      this.step(instruction, position);
      this.stack.requireRoom();
      position += 1;
    }
    if (this.branches.length > 0) throw new ScriptFailure('UNBALANCED_CONDITIONAL');
    if (this.stack.depth !== 1) throw new ScriptFailure('CLEANSTACK');
    if (!isTrue(this.stack.pop())) throw new ScriptFailure('EVAL_FALSE');
  }

  private step({ opcode = 0xff, data }: Instruction, position: number): void {
    if (data && data.length > MAX_ELEMENT) throw new ScriptFailure('PUSH_SIZE');
    const isRunning = this.branches.every(Boolean);
    if (opcode >= OP.IF && opcode <= OP.ENDIF) return this.branch(opcode, isRunning);
    if (!isRunning) return;
    if (data) return this.pushData(opcode, data);
    if (opcode === OP.NEGATE1 || (opcode >= OP.OP_1 && opcode <= OP.OP_16)) {
      return this.stack.pushNumber(opcode === OP.NEGATE1 ? -1 : opcode - OP.OP_1 + 1);
    }
    const operation = STACK_OPERATIONS.get(opcode);
    if (operation) return operation(this.stack);
    this.special(opcode, position);
  }

  private pushData(opcode: number, data: Buffer): void {
    if (this.policy.requireMinimalPushes && !isMinimalPush(opcode, data)) throw new ScriptFailure('MINIMALDATA');
    this.stack.push(data);
  }

  private branch(opcode: number, isRunning: boolean): void {
    if (opcode === OP.IF || opcode === OP.NOTIF) {
      this.branches.push(isRunning && this.condition() === (opcode === OP.IF));
    } else if (opcode === OP.ELSE || opcode === OP.ENDIF) {
      const open = this.branches.pop();
      if (open === undefined) throw new ScriptFailure('UNBALANCED_CONDITIONAL');
      if (opcode === OP.ELSE) this.branches.push(!open);
    } else {
      // OP_VERIF and OP_VERNOTIF fail a script even where they do not run.
      throw new ScriptFailure('BAD_OPCODE');
    }
  }

  /** Only the empty element and a single 1 may steer a branch: others would let third parties change the witness. */
  private condition(): boolean {
    if (this.stack.depth === 0) throw new ScriptFailure('UNBALANCED_CONDITIONAL');
    const element = this.stack.pop();
    if (element.length > 1 || (element.length === 1 && element[0] !== 1))
      throw new ScriptFailure('TAPSCRIPT_MINIMALIF');
    return element.length === 1;
  }

  private special(opcode: number, position: number): void {
    switch (opcode) {
      case OP.CODESEPARATOR:
        this.codeSeparator = position;
        return;
      case OP.CHECKSIG:
        return this.checkSignature();
      case OP.CHECKSIGVERIFY:
        return verified(() => this.checkSignature(), 'CHECKSIGVERIFY')(this.stack);
      case OP.CHECKSIGADD:
        return this.addSignature();
      case OP.CHECKMULTISIG:
      case OP.CHECKMULTISIGVERIFY:
        throw new ScriptFailure('TAPSCRIPT_CHECKMULTISIG');
      case OP.CHECKLOCKTIMEVERIFY:
        return this.checkLockTime();
      case OP.CHECKSEQUENCEVERIFY:
        return this.checkSequence();
      case OP.RETURN:
        throw new ScriptFailure('OP_RETURN');
      default:
        return this.noOperation(opcode);
    }
  }

  private noOperation(opcode: number): void {
    if (opcode === OP.NOP) return;
    if (opcode < OP.NOP1 || opcode > OP.NOP10) throw new ScriptFailure('BAD_OPCODE');
    if (this.policy.discourageUpgrades) throw new ScriptFailure('DISCOURAGE_UPGRADABLE_NOPS');
  }

  private checkSignature(): void {
    this.stack.require(2);
    const key = this.stack.pop();
    this.stack.pushBoolean(this.isSigned(this.stack.pop(), key));
  }

  private addSignature(): void {
    this.stack.require(3);
    const key = this.stack.pop();
    const count = this.stack.popNumber();
    this.stack.pushNumber(count + Number(this.isSigned(this.stack.pop(), key)));
  }

  /** False only for an empty signature; one that is there must be right. */
  private isSigned(signature: Buffer, key: Buffer): boolean {
    if (signature.length > 0) {
      this.budget -= SIGNATURE_COST;
      if (this.budget < 0) throw new ScriptFailure('TAPSCRIPT_VALIDATION_WEIGHT');
    }
    if (key.length === 0) throw new ScriptFailure('PUBKEYTYPE');
    if (key.length !== 32) {
      if (this.policy.discourageUpgrades) throw new ScriptFailure('DISCOURAGE_UPGRADABLE_PUBKEYTYPE');
    } else if (signature.length > 0) {
      const leaf = { leafHash: this.leaf.leafHash, codeSeparator: this.codeSeparator };
      requireSchnorrSignature(this.input, { key, signature, annex: this.leaf.annex, leaf });
    }
    return signature.length > 0;
  }

  /** BIP-65. */
  private checkLockTime(): void {
    const { tx, index } = this.input;
    const required = this.stack.peekNumber(5);
    if (required < 0) throw new ScriptFailure('NEGATIVE_LOCKTIME');
    const sameUnit = tx.locktime < LOCKTIME_THRESHOLD === required < LOCKTIME_THRESHOLD;
    const isFinal = tx.inputs[index]?.sequence === SEQUENCE_FINAL;
    if (!sameUnit || required > tx.locktime || isFinal) throw new ScriptFailure('UNSATISFIED_LOCKTIME');
  }

  /** BIP-112. */
  private checkSequence(): void {
    const { tx, index } = this.input;
    const required = this.stack.peekNumber(5);
    if (required < 0) throw new ScriptFailure('NEGATIVE_LOCKTIME');
    const sequence = tx.inputs[index]!.sequence;
    if (hasBit(required, SEQUENCE_DISABLE)) return;
    const sameUnit = hasBit(sequence, SEQUENCE_TYPE) === hasBit(required, SEQUENCE_TYPE);
    const isOld = (sequence & SEQUENCE_MASK) >= (required & SEQUENCE_MASK);
    const isApplied = tx.version >>> 0 >= 2 && !hasBit(sequence, SEQUENCE_DISABLE);
    if (!isApplied || !sameUnit || !isOld) throw new ScriptFailure('UNSATISFIED_LOCKTIME');
  }
}

/** Works above 32 bits too, where JavaScript's own operators wrap. */
const hasBit = (value: number, bit: number): boolean => Math.floor(value / bit) % 2 === 1;

/** Whether the shortest of the opcodes that push these bytes was used (BIP-62 rule 3). */
function isMinimalPush(opcode: number, data: Buffer): boolean {
  const [only] = data;
  if (data.length === 1 && only !== undefined && ((only >= 1 && only <= 16) || only === 0x81)) return false;
  if (data.length <= 75) return opcode === data.length;
  if (data.length <= 255) return opcode === 0x4c;
  return opcode === 0x4d;
}
