/**
 * Tables of fixed records in one flat buffer each. A field is a view that starts at the field's offset, so that the
 * record's base index reads that field of that record: `price[order]`. V8 folds the address of a typed array into the
 * code when it is a constant of the module that uses it; therefore each module first names, as its own constants, the
 * fields that it works on (`const { price, open } = orders`), and there is one engine per isolate.
 */
export interface Words {
  field(index: number): Int32Array;
  /** The whole table. */
  words: Int32Array;
}
export interface Amounts {
  field(index: number): BigInt64Array;
  /** The whole table as 32-bit halves, low half first. */
  words: Int32Array;
}

/** One above the last record's index. All fields have this one length, so that V8 tests an index once for all that it reads of a record. */
const reach = (records: number, fields: number): number => (records - 1) * fields + 1;

export function wordFields(records: number, fields: number): Words {
  const buffer = new ArrayBuffer(records * fields * 4);
  return { field: (index) => new Int32Array(buffer, index * 4, reach(records, fields)), words: new Int32Array(buffer) };
}

export function amountFields(records: number, fields: number): Amounts {
  const buffer = new ArrayBuffer(records * fields * 8);
  return {
    field: (index) => new BigInt64Array(buffer, index * 8, reach(records, fields)),
    words: new Int32Array(buffer),
  };
}

/**
 * A few numbers that are no table. They lie in buffers of their own because V8 moves a small typed array into its heap, where its address
 * is no constant and costs three loads.
 */
export const wordCells = (count: number): Int32Array<ArrayBuffer> => new Int32Array(new ArrayBuffer(count * 4));
export const amountCells = (count: number): BigInt64Array<ArrayBuffer> => new BigInt64Array(new ArrayBuffer(count * 8));
