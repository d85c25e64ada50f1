import { parse } from 'lossless-json';
import { z } from 'zod';
import { type Secret } from '@base/config';

const WITHIN_MS = 5_000;
const MOST_BYTES = 4 << 20;

/** `refused`: it says that nothing was done. `unclear`: something may have been. */
export type Answer<T> =
  { readonly kind: 'answered'; readonly body: T } | { readonly kind: 'refused' | 'unclear'; readonly reason: string };

const digits = z.string().regex(/^-?\d{1,40}(\.\d{1,40})?$/);
const whole = z.string().regex(/^\d{1,19}$/);

export const symbolStatus = z.object({
  status: z.string(),
  min_price_increment: whole,
  min_price_increment_scale: whole,
  lot_size: whole,
  lot_size_scale: whole,
  min_order_size: whole,
  min_order_size_scale: whole,
});
export type SymbolStatus = z.infer<typeof symbolStatus>;

const order = z.object({
  exOrdId: digits,
  ordStatus: z.enum(['OPEN', 'REJECTED', 'CANCELED', 'FILLED', 'PART_FILLED', 'EXPIRED']),
  text: z.string().max(200).default(''),
  cumQty: digits,
  timestamp: whole.transform(Number),
});
export type MemberOrder = z.infer<typeof order>;

const fill = z.object({ exOrdId: whole, tradeId: whole, price: digits, qty: digits, fee: digits });
export type MemberFill = z.infer<typeof fill>;

export interface NewMemberOrder {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly orderQty: string;
  readonly price: string;
}

/** The venue's REST API as its members use it, with an API key. Numbers keep their digits. */
export class MemberApi {
  constructor(
    private readonly url: string,
    private readonly secret: Secret,
  ) {}

  symbol(symbol: string): Promise<Answer<SymbolStatus>> {
    return this.#ask('GET', `/symbols/${symbol}`, symbolStatus);
  }

  /** Immediate or cancel. */
  place(of: NewMemberOrder): Promise<Answer<MemberOrder>> {
    return this.#ask('POST', '/orders', order, { ordType: 'LIMIT', timeInForce: 'IOC', ...of });
  }

  /** Undefined when there is no order of that name. */
  async byClientId(clientId: string): Promise<Answer<MemberOrder | undefined>> {
    const answer = await this.#ask('GET', `/orders?clOrdId=${clientId}`, z.array(order).max(1));
    return answer.kind === 'answered' ? { kind: 'answered', body: answer.body[0] } : answer;
  }

  /** From a moment on, milliseconds since 1970. */
  fills(symbol: string, from: number): Promise<Answer<MemberFill[]>> {
    return this.#ask('GET', `/fills?symbol=${symbol}&from=${from}&limit=1000`, z.array(fill));
  }

  async #ask<T>(method: string, path: string, schema: z.ZodType<T>, body?: object): Promise<Answer<T>> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { 'x-api-token': this.secret.reveal(), accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }, // prettier-ignore
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(WITHIN_MS),
      });
      const text = await response.text();
      if (!response.ok)
        return { kind: response.status < 500 ? 'refused' : 'unclear', reason: `HTTP ${response.status}` };
      if (text.length > MOST_BYTES) return { kind: 'unclear', reason: 'an answer too long to be one' };
      const read = schema.safeParse(parse(text, null, (number) => number));
      return read.success
        ? { kind: 'answered', body: read.data }
        : { kind: 'unclear', reason: 'an answer that is none' };
    } catch (error) {
      return { kind: 'unclear', reason: error instanceof Error ? error.message : 'no answer' };
    }
  }
}
