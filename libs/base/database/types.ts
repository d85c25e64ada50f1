import pg from 'pg';

const INT8 = 20;
const NUMERIC = 1700;
const INT8_ARRAY = 1016;
const NUMERIC_ARRAY = 1231;

const TEXT_ARRAY = 1009;

type Parser = (text: string) => unknown;

const builtIn = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => Parser;

const bigints = (text: string): unknown[] =>
  (builtIn(TEXT_ARRAY)(text) as (string | null)[]).map((item) => (item === null ? null : BigInt(item)));

/** `int8` and `numeric` as `bigint`. A `numeric` column of ours is an integer; a fraction arriving here is a bug and throws. */
const exact: Record<number, Parser> = {
  [INT8]: BigInt,
  [NUMERIC]: BigInt,
  [INT8_ARRAY]: bigints,
  [NUMERIC_ARRAY]: bigints,
};

/** Parsers for one pool; nothing global changes, so other users of `pg` in the process keep theirs. */
export const exactTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): Parser =>
    (format === 'binary' ? undefined : exact[oid]) ?? builtIn(oid, format),
};
