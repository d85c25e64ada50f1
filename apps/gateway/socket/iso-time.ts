const MICROSECONDS = 1_000_000;
const DIGITS = 6;

let latestSecond = Number.NaN;
let beginning = '';

/** Microseconds since 1970 as ISO 8601 in UTC with six digits. Many in a row are of the same second, which is written once. */
export function isoTime(micros: bigint): string {
  const whole = Number(micros);
  const second = Math.floor(whole / MICROSECONDS);
  if (second !== latestSecond) {
    // Without the milliseconds and the Z.
    beginning = new Date(second * 1_000).toISOString().slice(0, -4);
    latestSecond = second;
  }
  return `${beginning}${String(whole - second * MICROSECONDS).padStart(DIGITS, '0')}Z`;
}
