/** Microseconds since 1970 as ISO 8601 in UTC with six digits. */
export function isoTime(micros: bigint): string {
  const whole = new Date(Number(micros / 1000n)).toISOString();
  return `${whole.slice(0, -1)}${String(micros % 1000n).padStart(3, '0')}Z`;
}
