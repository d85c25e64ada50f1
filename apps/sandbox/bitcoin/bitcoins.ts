/**
 * Amounts at the edge of the dev chain: satoshi inside, decimal bitcoin in JSON. The chain is the outside world, so it
 * does not use the platform's own money library: a mistake there must not be mirrored here.
 */

export const COIN = 100_000_000n;
const MAX_MONEY = 21_000_000n * COIN;

/** Satoshi as Bitcoin Core writes them in JSON: always eight decimals, `1` → `0.00000001`. */
export function formatBitcoins(satoshi: bigint): string {
  const magnitude = satoshi < 0n ? -satoshi : satoshi;
  const fraction = (magnitude % COIN).toString().padStart(8, '0');
  return `${satoshi < 0n ? '-' : ''}${magnitude / COIN}.${fraction}`;
}

/** Satoshi as Bitcoin Core writes them in sentences: trailing zeros cut, at least two decimals, `1000` → `0.00001`. */
export function formatMoney(satoshi: bigint): string {
  return formatBitcoins(satoshi).replace(/0{1,6}$/, '');
}

/**
 * Reads a JSON amount in bitcoin, a number or a decimal string, exactly. Undefined when it is no amount: negative, more
 * than eight decimals, above 21 million. A JSON number is safe here: every valid amount has at most 16 significant
 * digits and its shortest text comes back from a double unchanged.
 */
export function parseBitcoins(amount: unknown): bigint | undefined {
  if (typeof amount !== 'number' && typeof amount !== 'string') return undefined;
  const match = /^(\d{1,8})(?:\.(\d*))?(?:e-(\d{1,2}))?$/i.exec(String(amount));
  if (!match) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const scale = 8 - fraction.length - Number(exponent);
  const satoshi = scale >= 0 ? digits * 10n ** BigInt(scale) : digits / 10n ** BigInt(-scale);
  const exact = scale >= 0 || satoshi * 10n ** BigInt(-scale) === digits;
  return exact && satoshi <= MAX_MONEY ? satoshi : undefined;
}
