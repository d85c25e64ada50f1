/** UTCTimestamp with milliseconds, as every message of ours carries it. */
export function formatTimestamp(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 23)}`;
}

/** Of a time in microseconds since 1970. */
export const formatMicroseconds = (time: bigint): string => formatTimestamp(Number(time / 1_000n));

const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)-(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;

/** Milliseconds since 1970; undefined for what is no UTCTimestamp. A leap second counts as the one after it. */
export function parseTimestamp(text: string): number | undefined {
  const [, year, month, day, hour, minute, second, fraction = ''] = TIMESTAMP.exec(text) ?? [];
  if (year === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const midnight = parseDate(`${year}${month}${day}`);
  if (midnight === undefined) return undefined;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  return midnight + seconds * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
}

/** Midnight UTC of a LocalMktDate in milliseconds; undefined for what is none. */
export function parseDate(text: string): number | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // The 31st of February is another day.
  return new Date(time).getUTCDate() === Number(day) && new Date(time).getUTCMonth() === Number(month) - 1
    ? time
    : undefined;
}
