import { formatBitcoins } from './bitcoins.js';

/** A JSON answer. A bigint in it is satoshi, and is written as a decimal number of bitcoin with eight decimals. */
export type Json =
  null | boolean | number | string | bigint | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Writes an answer without passing an amount through a float. Properties that are undefined are left out. */
export function writeJson(value: Json): string {
  if (typeof value === 'bigint') return formatBitcoins(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(writeJson).join(',')}]`;
  const fields = Object.entries(value).flatMap(([key, field]) =>
    field === undefined ? [] : [`${JSON.stringify(key)}:${writeJson(field)}`],
  );
  return `{${fields.join(',')}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);
