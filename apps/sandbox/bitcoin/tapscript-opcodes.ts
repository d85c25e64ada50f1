import { createHash } from 'node:crypto';
import { ScriptFailure, type ScriptFailureCode } from './script-failure.js';
import { isTrue } from './script-number.js';
import { sha256 } from './taproot-sighash.js';
import { type TapscriptStack } from './tapscript-stack.js';

type Operation = (stack: TapscriptStack) => void;

const hash = (algorithm: string) => (bytes: Buffer) => createHash(algorithm).update(bytes).digest();
const ripemd160 = hash('ripemd160');
const sha1 = hash('sha1');

const digests =
  (digest: (bytes: Buffer) => Buffer): Operation =>
  (stack) =>
    stack.push(digest(stack.pop()));

const unary =
  (apply: (a: number) => number | boolean): Operation =>
  (stack) =>
    stack.pushNumber(Number(apply(stack.popNumber())));

const binary =
  (apply: (a: number, b: number) => number | boolean): Operation =>
  (stack) => {
    stack.require(2);
    const b = stack.popNumber();
    stack.pushNumber(Number(apply(stack.popNumber(), b)));
  };

/** Follows an operation that leaves a boolean, and fails the script unless it is true. */
export const verified =
  (operation: Operation, failure: ScriptFailureCode): Operation =>
  (stack) => {
    operation(stack);
    if (!isTrue(stack.pop())) throw new ScriptFailure(failure);
  };

const equal: Operation = (stack) => {
  stack.require(2);
  stack.pushBoolean(stack.pop().equals(stack.pop()));
};

const numbersEqual = binary((a, b) => a === b);

const reach =
  (fetch: (stack: TapscriptStack, down: number) => void): Operation =>
  (stack) => {
    stack.require(2);
    const down = stack.popNumber();
    if (down < 0 || down >= stack.depth) throw new ScriptFailure('INVALID_STACK_OPERATION');
    fetch(stack, down);
  };

/** The opcodes that only work on the stack, by their byte. Flow, signatures and lock-times need more and live with the interpreter. */
export const STACK_OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x69, verified(() => undefined, 'VERIFY')],
  [0x6b, (stack) => stack.setAside()],
  [0x6c, (stack) => stack.bringBack()],
  [0x6d, (stack) => void stack.take(1, 2)], // OP_2DROP
  [0x6e, (stack) => stack.copy(1, 2)], // OP_2DUP
  [0x6f, (stack) => stack.copy(2, 3)], // OP_3DUP
  [0x70, (stack) => stack.copy(3, 2)], // OP_2OVER
  [0x71, (stack) => stack.push(...stack.take(5, 2))], // OP_2ROT
  [0x72, (stack) => stack.push(...stack.take(3, 2))], // OP_2SWAP
  [0x73, (stack) => (isTrue(stack.peek()) ? stack.copy(0) : undefined)], // OP_IFDUP
  [0x74, (stack) => stack.pushNumber(stack.depth)], // OP_DEPTH
  [0x75, (stack) => void stack.pop()], // OP_DROP
  [0x76, (stack) => stack.copy(0)], // OP_DUP
  [0x77, (stack) => void stack.take(1)], // OP_NIP
  [0x78, (stack) => stack.copy(1)], // OP_OVER
  [0x79, reach((stack, down) => stack.copy(down))], // OP_PICK
  [0x7a, reach((stack, down) => stack.push(...stack.take(down)))], // OP_ROLL
  [0x7b, (stack) => stack.push(...stack.take(2))], // OP_ROT
  [0x7c, (stack) => stack.push(...stack.take(1))], // OP_SWAP
  // OP_TUCK: swap, then copy what lies below.
  [0x7d, (stack) => (stack.push(...stack.take(1)), stack.copy(1))],
  [0x82, (stack) => stack.pushNumber(stack.peek().length)], // OP_SIZE
  [0x87, equal],
  [0x88, verified(equal, 'EQUALVERIFY')],
  [0x8b, unary((a) => a + 1)],
  [0x8c, unary((a) => a - 1)],
  [0x8f, unary((a) => -a)],
  [0x90, unary(Math.abs)],
  [0x91, unary((a) => a === 0)],
  [0x92, unary((a) => a !== 0)],
  [0x93, binary((a, b) => a + b)],
  [0x94, binary((a, b) => a - b)],
  [0x9a, binary((a, b) => a !== 0 && b !== 0)],
  [0x9b, binary((a, b) => a !== 0 || b !== 0)],
  [0x9c, numbersEqual],
  [0x9d, verified(numbersEqual, 'NUMEQUALVERIFY')],
  [0x9e, binary((a, b) => a !== b)],
  [0x9f, binary((a, b) => a < b)],
  [0xa0, binary((a, b) => a > b)],
  [0xa1, binary((a, b) => a <= b)],
  [0xa2, binary((a, b) => a >= b)],
  [0xa3, binary(Math.min)],
  [0xa4, binary(Math.max)],
  [0xa5, within],
  [0xa6, digests(ripemd160)],
  [0xa7, digests(sha1)],
  [0xa8, digests((bytes) => sha256(bytes))],
  [0xa9, digests((bytes) => ripemd160(sha256(bytes)))],
  [0xaa, digests((bytes) => sha256(sha256(bytes)))],
]);

/** The upper bound is outside. */
function within(stack: TapscriptStack): void {
  stack.require(3);
  const max = stack.popNumber();
  const min = stack.popNumber();
  const value = stack.popNumber();
  stack.pushBoolean(min <= value && value < max);
}
