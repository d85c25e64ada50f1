import { z } from 'zod';

/** `PRICE_URLS` of a process's configuration: WebSocket URLs separated by commas; none means that nothing has a price. */
export const priceUrls = () =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((url) => url.trim())
        .filter(Boolean),
    ) // prettier-ignore
    .pipe(z.array(z.url({ protocol: /^wss?$/ })).max(20));
