import { type Hash } from 'bcoin';
import { parseBitcoins } from './bitcoins.js';
import { scriptOf } from './address.js';
import { reverseHex } from './regtest.js';
import { RpcCode, RpcError } from './rpc-error.js';

const MAX_INTEGER = 0x7fffffff;

/** JSON's name for what a caller sent, as Bitcoin Core spells it. */
function jsonType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** The parameters of one call, read by name with Bitcoin Core's errors for what is missing or of a wrong type. */
export class RpcArguments {
  private readonly values: ReadonlyMap<string, unknown>;

  /** `given` is the request's `params`: a list by position or an object by name. */
  constructor(names: readonly string[], given: unknown) {
    this.values = Array.isArray(given) ? byPosition(names, given) : byName(names, given);
  }

  has(name: string): boolean {
    return !isAbsent(this.values.get(name));
  }

  string(name: string, fallback?: string): string {
    return this.typed(name, 'string', fallback, (value) => typeof value === 'string');
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.typed(name, 'bool', fallback, (value) => typeof value === 'boolean');
  }

  integer(name: string, fallback?: number): number {
    const value = this.typed(name, 'number', fallback, (each) => typeof each === 'number');
    if (!Number.isInteger(value) || Math.abs(value) > MAX_INTEGER) {
      throw new RpcError(RpcCode.misc, 'JSON integer out of range');
    }
    return value;
  }

  /** A verbosity: a number, or the boolean it was before it had more than two levels. */
  verbosity(name: string, fallback: number): number {
    const value = this.values.get(name);
    return typeof value === 'boolean' ? Number(value) : this.integer(name, fallback);
  }

  list(name: string, fallback?: readonly unknown[]): readonly unknown[] {
    return this.typed(name, 'array', fallback, (value) => Array.isArray(value));
  }

  /** An object; empty when absent. */
  object(name: string): Readonly<Record<string, unknown>> {
    const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
    return this.typed(name, 'object', {}, isObject);
  }

  strings(name: string): readonly string[] {
    const list = this.list(name);
    if (list.every((item) => typeof item === 'string')) return list;
    throw new RpcError(RpcCode.typeError, 'JSON value is not a string as expected');
  }

  /** Satoshi, from a number or a decimal string of bitcoin. */
  amount(name: string, fallback?: bigint): bigint {
    const value = this.values.get(name);
    if (isAbsent(value) && fallback !== undefined) return fallback;
    if (typeof value !== 'number' && typeof value !== 'string') {
      throw new RpcError(RpcCode.typeError, 'Amount is not a number or string');
    }
    const satoshi = parseBitcoins(value);
    if (satoshi !== undefined) return satoshi;
    const outOfRange = Number(value) < 0 || Number(value) > 21_000_000;
    throw new RpcError(RpcCode.typeError, outOfRange ? 'Amount out of range' : 'Invalid amount');
  }

  /** A block hash or txid, turned into bcoin's byte order. */
  hash(name: string): Hash {
    const value = this.string(name);
    if (value.length !== 64) {
      throw new RpcError(
        RpcCode.invalidParameter,
        `${name} must be of length 64 (not ${value.length}, for '${value}')`,
      );
    }
    if (!/^[0-9a-f]+$/i.test(value)) {
      throw new RpcError(RpcCode.invalidParameter, `${name} must be hexadecimal string (not '${value}')`);
    }
    return reverseHex(value);
  }

  /** The locking script of a regtest address. */
  destination(name: string): Buffer {
    const script = scriptOf(this.string(name));
    if (!script) throw new RpcError(RpcCode.invalidAddressOrKey, 'Error: Invalid address');
    return script;
  }

  private typed<T>(name: string, expected: string, fallback: T | undefined, is: (value: unknown) => boolean): T {
    const value = this.values.get(name);
    if (isAbsent(value) && fallback !== undefined) return fallback;
    if (is(value)) return value as T;
    throw new RpcError(RpcCode.typeError, `JSON value of type ${jsonType(value)} is not of expected type ${expected}`);
  }
}

function byPosition(names: readonly string[], given: readonly unknown[]): Map<string, unknown> {
  if (given.length > names.length) throw new RpcError(RpcCode.misc, `expected at most ${names.length} parameters`);
  return new Map(given.map((value, at) => [names[at]!, value]));
}

function byName(names: readonly string[], given: unknown): Map<string, unknown> {
  if (isAbsent(given)) return new Map();
  if (typeof given !== 'object' || given === null) {
    throw new RpcError(RpcCode.invalidRequest, 'Params must be an array or object');
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new RpcError(RpcCode.invalidParameter, `Unknown named parameter ${unknown}`);
  return new Map(Object.entries(given));
}
