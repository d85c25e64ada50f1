/**
 * Fixed-layout binary messages: a message is a common header and named fields at constant offsets, little-endian,
 * each on its natural alignment and the whole a multiple of eight bytes, so that a reader may lay 64-bit views over
 * a run of messages and read fields by index without decoding. The same declaration gives the TypeScript type.
 *
 * Trailing optional fields are left off the wire while they are all zero; a short message reads them as zero.
 */
export type Code = readonly string[];
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'i64' | 'u64' | 'symbol' | Bytes | Code;
type Bytes = 'bytes32' | 'bytes1024';
export type Fields = Readonly<Record<string, FieldType>>;

export type FieldValue<F extends FieldType> = F extends Code
  ? F[number]
  : F extends 'i64' | 'u64'
    ? bigint
    : F extends 'symbol'
      ? string
      : F extends Bytes
        ? Uint8Array
        : number;
export type Values<F extends Fields> = { -readonly [K in keyof F]: FieldValue<F[K]> };

/** Bytes of the header that every message starts with: length, kind, version, origin, sequence, time. */
export const HEADER_BYTES = 24;
const SYMBOL_BYTES = 16;

/** bytes32: a nonce, a digest, a proof; bytes1024: a piece of something longer. */
const SIZES = { u8: 1, u16: 2, u32: 4, i32: 4, i64: 8, u64: 8, symbol: SYMBOL_BYTES, bytes32: 32, bytes1024: 1024 } as const; // prettier-ignore
const sizeOf = (type: FieldType): number => (typeof type === 'string' ? SIZES[type] : 1);
const alignmentOf = (type: FieldType): number => Math.min(sizeOf(type), 8);
const roundUp = (offset: number, to: number): number => Math.ceil(offset / to) * to;

export interface Message<F extends Fields = Fields, O extends Fields = Fields> {
  readonly code: number;
  readonly required: F;
  readonly optional: O;
  /** Byte offset of each field from the start of the message. */
  readonly at: { readonly [K in keyof F | keyof O]: number };
  /** Bytes without the optional fields, and with them. */
  readonly shortBytes: number;
  readonly bytes: number;
  /** Where codes stand and how many values each has, for `Codec.fault`. */
  readonly codes: readonly { readonly at: number; readonly values: number }[];
  /** Every field in the order of the layout, required ones first. */
  readonly fields: readonly Field[];
  readonly requiredCount: number;
}

interface Field {
  readonly name: string;
  readonly at: number;
  readonly type: FieldType;
  /** Index of each of a code's values. */
  readonly indexes: ReadonlyMap<string, number> | null;
}

/** Declares message number `code` (1–255). Fields keep the order given; only alignment puts gaps between them. */
export function message<const F extends Fields, const O extends Fields = Record<never, never>>(
  code: number,
  required: F,
  optional?: O,
): Message<F, O> {
  const at: Record<string, number> = {};
  const codes: { at: number; values: number }[] = [];
  const all: Field[] = [];
  let end = HEADER_BYTES;
  const place = (fields: Fields): number => {
    for (const [name, type] of Object.entries(fields)) {
      const start = roundUp(end, alignmentOf(type));
      at[name] = start;
      const indexes = typeof type === 'string' ? null : new Map(type.map((value, index) => [value, index]));
      all.push({ name, at: start, type, indexes });
      if (typeof type !== 'string') codes.push({ at: start, values: type.length });
      end = start + sizeOf(type);
    }
    end = roundUp(end, 8);
    return end;
  };
  const shortBytes = place(required);
  const bytes = place(optional ?? {});
  const counts = { fields: all, requiredCount: Object.keys(required).length };
  return {
    code,
    required,
    optional: optional ?? ({} as O),
    at: at as Message<F, O>['at'],
    shortBytes,
    bytes,
    codes,
    ...counts,
  };
}

/** Where a message's fields stand as indexes of 32-bit words and of 64-bit amounts, for readers through typed arrays. */
export const wordOffsets = <M extends Message>(m: M): M['at'] => scaled(m, 2);
export const amountOffsets = <M extends Message>(m: M): M['at'] => scaled(m, 3);
const scaled = <M extends Message>(m: M, shift: number): M['at'] =>
  Object.fromEntries(Object.entries(m.at).map(([name, at]) => [name, at >> shift]));

export type Messages = Readonly<Record<string, Message<Fields, Fields>>>;

/**
 * What every message carries. `origin` is the session that a command came from, or an event's index within its
 * command; `sequence` counts commands from 1; `time` is in microseconds since the Unix epoch, by the sequencer's clock.
 */
export interface Header {
  origin: number;
  sequence: bigint;
  time: bigint;
}

type OptionalValues<O extends Fields> = { -readonly [K in keyof O]?: FieldValue<O[K]> };
/** What `encode` takes: the header may be left out (zeros), as may optional fields. */
export type Draft<M extends Messages> = {
  [K in keyof M]: { kind: K } & Partial<Header> & Values<M[K]['required']> & OptionalValues<M[K]['optional']>;
}[keyof M];
/** What `decode` gives: every field present. */
export type Decoded<M extends Messages> = {
  [K in keyof M]: { kind: K } & Header & Values<M[K]['required']> & Values<M[K]['optional']>;
}[keyof M];

/** Why a run of bytes is not a message. */
export type FrameFault = 'truncated' | 'bad_length' | 'unknown_version' | 'unknown_kind' | 'bad_code';

/** Encoder, decoder and frame check of a closed set of messages under one version number. */
export class Codec<M extends Messages> {
  private readonly byCode: (keyof M & string)[] = [];
  readonly longest: number;

  constructor(
    readonly version: number,
    readonly messages: M,
  ) {
    for (const [kind, { code }] of Object.entries(messages)) {
      if (this.byCode[code] !== undefined) throw new Error(`message code ${code} declared twice`);
      this.byCode[code] = kind;
    }
    this.longest = Math.max(...Object.values(messages).map((m) => m.bytes));
  }

  /** Writes `draft` at byte `at` (a multiple of 8) and returns its length in bytes. Throws RangeError on a value that does not fit. */
  encode(draft: Draft<M>, target: DataView, at = 0): number {
    const message = this.messages[draft.kind] as Message;
    const values = draft as Readonly<Record<string, unknown>>;
    const { fields, requiredCount } = message;
    const isLong = hasOptional(message, values);
    const bytes = isLong ? message.bytes : message.shortBytes;
    for (let offset = 0; offset < bytes; offset += 8) target.setBigInt64(at + offset, 0n, true);
    target.setUint16(at, bytes, true);
    target.setUint8(at + 2, message.code);
    target.setUint8(at + 3, this.version);
    target.setUint32(at + 4, draft.origin ?? 0, true);
    target.setBigInt64(at + 8, draft.sequence ?? 0n, true);
    target.setBigInt64(at + 16, draft.time ?? 0n, true);
    const count = isLong ? fields.length : requiredCount;
    for (let k = 0; k < count; k += 1) {
      const field = fields[k] as Field;
      write(target, at + field.at, field, values[field.name]);
    }
    return bytes;
  }

  /** Like `encode`, into bytes of its own. */
  toBytes(draft: Draft<M>): Uint8Array {
    const bytes = new Uint8Array(this.longest);
    return bytes.subarray(0, this.encode(draft, new DataView(bytes.buffer)));
  }

  /** The message at byte `at`, which `fault` has found sound. */
  decode(source: DataView, at = 0): Decoded<M> {
    const kind = this.byCode[source.getUint8(at + 2)];
    if (kind === undefined) throw new Error(`no message of code ${source.getUint8(at + 2)}`);
    const message = this.messages[kind] as Message;
    const isLong = source.getUint16(at, true) > message.shortBytes;
    const values: Record<string, unknown> = {
      kind,
      origin: source.getUint32(at + 4, true),
      sequence: source.getBigInt64(at + 8, true),
      time: source.getBigInt64(at + 16, true),
    };
    const { fields, requiredCount } = message;
    fields.forEach(({ name, type, at: offset }, k) => {
      values[name] = k < requiredCount || isLong ? read(source, at + offset, type, name) : zeroOf(type);
    });
    return values as Decoded<M>;
  }

  /** Every message of a run of whole messages, in order. */
  decodeAll(bytes: Uint8Array): Decoded<M>[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decoded: Decoded<M>[] = [];
    for (let at = 0; at < bytes.byteLength; at += view.getUint16(at, true)) decoded.push(this.decode(view, at));
    return decoded;
  }

  /**
   * Null when a sound message of this version starts at `at` and ends by `end`. A door calls this on what a stranger
   * sent, before anything reads a field: after it `decode` cannot fail and the length may be trusted.
   */
  fault(source: DataView, at: number, end: number): FrameFault | null {
    if (end - at < HEADER_BYTES) return 'truncated';
    const length = source.getUint16(at, true);
    if (source.getUint8(at + 3) !== this.version) return 'unknown_version';
    const kind = this.byCode[source.getUint8(at + 2)];
    if (kind === undefined) return 'unknown_kind';
    const message = this.messages[kind] as Message;
    if (length !== message.bytes && length !== message.shortBytes) return 'bad_length';
    if (end - at < length) return 'truncated';
    for (const code of message.codes) {
      if (code.at < length && source.getUint8(at + code.at) >= code.values) return 'bad_code';
    }
    return null;
  }
}

const isBytes = (type: FieldType): type is Bytes => type === 'bytes32' || type === 'bytes1024';
function hasOptional({ fields, requiredCount }: Message, values: Readonly<Record<string, unknown>>): boolean {
  for (let k = requiredCount; k < fields.length; k += 1) {
    if (!isZero(values[(fields[k] as Field).name])) return true;
  }
  return false;
}

const isZero = (value: unknown): boolean => value === undefined || value === 0 || value === 0n || value === '';
const zeroOf = (type: FieldType): unknown => {
  if (typeof type !== 'string') return type[0];
  if (type === 'symbol') return '';
  if (isBytes(type)) return new Uint8Array(SIZES[type]);
  return type === 'i64' || type === 'u64' ? 0n : 0;
};

/** A value does not fit its field. */
export function outOfRange(name: string, value: unknown): never {
  throw new RangeError(`${name} cannot be ${String(value)}`);
}

function integer(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) outOfRange(name, value);
  return value;
}

function write(target: DataView, at: number, { name, type, indexes }: Field, given: unknown): void {
  const value = given ?? zeroOf(type);
  if (indexes !== null) {
    const code = indexes.get(String(value));
    if (code === undefined) outOfRange(name, value);
    target.setUint8(at, code);
  } else if (type === 'u8') target.setUint8(at, integer(name, value, 0, 0xff));
  else if (type === 'u16') target.setUint16(at, integer(name, value, 0, 0xffff), true);
  else if (type === 'u32') target.setUint32(at, integer(name, value, 0, 0xffffffff), true);
  else if (type === 'i32') target.setInt32(at, integer(name, value, -0x80000000, 0x7fffffff), true);
  else if (type === 'symbol') writeSymbol(target, at, String(value), name);
  else if (isBytes(type)) writeBytes(target, at, value, { name, length: SIZES[type] });
  else {
    if (typeof value !== 'bigint') outOfRange(name, value);
    if (value !== (type === 'i64' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value))) outOfRange(name, value);
    target.setBigInt64(at, BigInt.asIntN(64, value), true);
  }
}

function writeSymbol(target: DataView, at: number, text: string, name: string): void {
  if (!/^[\x21-\x7e]{0,16}$/.test(text)) outOfRange(name, text);
  for (let i = 0; i < SYMBOL_BYTES; i += 1) target.setUint8(at + i, i < text.length ? text.charCodeAt(i) : 0);
}

function writeBytes(target: DataView, at: number, value: unknown, field: { name: string; length: number }): void {
  if (!(value instanceof Uint8Array) || value.length !== field.length) outOfRange(field.name, value);
  new Uint8Array(target.buffer, target.byteOffset + at, field.length).set(value);
}

function read(source: DataView, at: number, type: FieldType, name: string): unknown {
  if (typeof type !== 'string') return type[source.getUint8(at)] ?? outOfRange(name, source.getUint8(at));
  switch (type) {
    case 'u8':
      return source.getUint8(at);
    case 'u16':
      return source.getUint16(at, true);
    case 'u32':
      return source.getUint32(at, true);
    case 'i32':
      return source.getInt32(at, true);
    case 'i64':
      return source.getBigInt64(at, true);
    case 'u64':
      return source.getBigUint64(at, true);
    case 'bytes32':
    case 'bytes1024':
      return new Uint8Array(source.buffer, source.byteOffset + at, SIZES[type]).slice();
    case 'symbol': {
      let text = '';
      for (let i = 0; i < SYMBOL_BYTES && source.getUint8(at + i) !== 0; i += 1) {
        text += String.fromCharCode(source.getUint8(at + i));
      }
      return text;
    }
  }
}
