import { parse } from 'lossless-json';
import { z } from 'zod';

/** Digits of a number as they stood in the message: a price never passes through a double. */
const digits = z.string().regex(/^\d{1,20}(\.\d{1,18})?$/);
const levels = z.array(z.object({ px: digits, qty: digits }));
const symbol = z.string().max(24);
const common = { seqnum: z.string().regex(/^\d{1,15}$/).transform(Number) }; // prettier-ignore
const status = z.object({ status: z.string().max(24) });

const frame = z.union([
  z.object({ ...common, channel: z.literal('l2'), event: z.enum(['snapshot', 'updated']), symbol, bids: levels, asks: levels, timestamp: z.iso.datetime() }), // prettier-ignore
  z.object({ ...common, channel: z.literal('symbols'), event: z.literal('snapshot'), symbols: z.record(symbol, status) }), // prettier-ignore
  z.object({ ...common, channel: z.literal('symbols'), event: z.literal('updated'), symbol, ...status.shape }),
  z.object({ ...common, channel: z.literal('heartbeat'), event: z.literal('updated'), venue: z.string().max(24).optional() }), // prettier-ignore
  z.object({ ...common, event: z.literal('subscribed'), channel: z.string().max(24) }),
  z.object({ ...common, event: z.literal('rejected'), channel: z.string().max(24).optional(), text: z.string().max(500).optional() }), // prettier-ignore
]);

/** What the exchange's public WebSocket says on the channels that a price is made of (docs/exchange-websocket.md). */
export type ExchangeFrame = z.infer<typeof frame>;
export type BookFrame = Extract<ExchangeFrame, { channel: 'l2'; bids: unknown }>;
export type SymbolsFrame = Extract<ExchangeFrame, { channel: 'symbols' }>;

/** Undefined when the text is none of these messages. */
export function readExchangeFrame(text: string): ExchangeFrame | undefined {
  try {
    return frame.safeParse(parse(text, null, (number) => number)).data;
  } catch {
    return undefined;
  }
}
