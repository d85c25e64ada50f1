import { formatDecimal } from '@core/money';

/** Parts per million as basis points with two decimals: `5_000n` is `'50.00'`. */
export const formatPpmAsBps = (ppm: bigint): string => formatDecimal(ppm, 2);
