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

export function wordFields(records: number, fields: number): Words {
  const buffer = new ArrayBuffer(records * fields * 4);
  return { field: (index) => new Int32Array(buffer, index * 4), words: new Int32Array(buffer) };
}

export function amountFields(records: number, fields: number): Amounts {
  const buffer = new ArrayBuffer(records * fields * 8);
  return { field: (index) => new BigInt64Array(buffer, index * 8), words: new Int32Array(buffer) };
}
