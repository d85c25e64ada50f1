/** What the venue says on its WebSocket (exchange-api.md §3), read with numbers as decimals; nothing beyond what the market maker needs. */
import { z } from 'zod';
import { decimalOf, readJson } from './decimal.js';

const decimal = z.string().max(80).transform(decimalOf);

const report = z.object({
  orderID: z.string().max(32),
  clOrdID: z.string().max(32),
  symbol: z.string().max(16),
  side: z.enum(['buy', 'sell']),
  ordStatus: z.string().max(20),
  execType: z.string().length(1),
  text: z.string().max(200).default(''),
  leavesQty: decimal,
  lastPx: decimal,
  lastShares: decimal,
});
export type Report = z.infer<typeof report>;

const balance = z.object({ currency: z.string().max(8), balance: decimal, available: decimal });
export type Balance = z.infer<typeof balance>;

const message = z.union([
  z.object({ channel: z.literal('auth'), event: z.literal('subscribed') }),
  z.object({ channel: z.literal('trading'), event: z.literal('snapshot'), orders: z.array(report) }),
  z.object({ channel: z.literal('trading'), event: z.literal('updated') }).extend(report.shape),
  z.object({ channel: z.literal('balances'), event: z.literal('snapshot'), balances: z.array(balance) }),
  z.object({
    event: z.literal('rejected'),
    channel: z.string().max(32).optional(),
    text: z.string().max(200).default(''),
    action: z.string().max(40).optional(),
    clOrdID: z.string().max(32).optional(),
    orderID: z.string().max(32).optional(),
  }),
]);
export type VenueMessage = z.infer<typeof message>;

/** Undefined for what needs no attention: acknowledgements, heartbeats, channels that nobody asked for. */
export function readMessage(text: string): VenueMessage | undefined {
  try {
    return message.safeParse(readJson(text)).data;
  } catch {
    return undefined;
  }
}
