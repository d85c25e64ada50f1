/** The engine counts time in microseconds since 1970; so does PostgreSQL, but for the ledger and for people a Date's milliseconds do. */
const MICROSECONDS_IN_MS = 1_000n;
/** The last year that PostgreSQL reads as the engine's clients may write it. */
const LATEST = 253_402_300_799_999_999n;

/** Cut to the millisecond. */
export const dateOf = (time: bigint): Date => new Date(Number((time < LATEST ? time : LATEST) / MICROSECONDS_IN_MS));

/** To the microsecond, as PostgreSQL reads it; what is after the year 9999 is its last moment. */
export function timestampOf(time: bigint): string {
  const within = time < LATEST ? time : LATEST;
  const digits = (within % MICROSECONDS_IN_MS).toString().padStart(3, '0');
  return dateOf(within).toISOString().replace('Z', `${digits}Z`);
}

/** SQL: a timestamp as `timestampOf` writes it, and in microseconds; null stays null. */
export const asTimestamp = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
export const asMicroseconds = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint`;
