import { AmountError, type AssetCode, isAssetCode, parseAmount } from '@core/money';
import { type Logger } from '@base/observability';
import { z } from 'zod';
import { PRICED_PAIRS } from './create-pricing.js';
import { OWN_BOOK_RULES, type OwnBookRules } from './own-book.js';
import { OwnBookSource } from './own-book-source.js';
import { type PriceSource } from './price-source.js';
import { WsPriceSource } from './ws-price-source.js';

/** What a process that prices reads of its environment. */
export const pricingConfig = {
  /** WebSocket URLs separated by commas; none means that nothing has a price. */
  PRICE_URLS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((url) => url.trim())
        .filter(Boolean),
    )
    .pipe(z.array(z.url({ protocol: /^wss?$/ })).max(20)),
  /** The public WebSocket of the own exchange; without it prices are made of external sources alone. */
  OWN_BOOK_URL: z.url({ protocol: /^wss?$/ }).optional(),
  /** `USD:10000,BTC:0.2`: what each side of the own book must hold at least, by the pair's quote asset; those that are not named are as {@link OWN_BOOK_RULES} has them. */
  OWN_BOOK_MIN_DEPTH: z.string().max(200).transform(readMinDepth).default({}),
};

export type PricingConfig = z.infer<z.ZodObject<typeof pricingConfig>>;

/** Every source of the process's configuration; external ones are called by the last part of their path, or their host. */
export function priceSourcesOf(config: PricingConfig, logger: Logger): PriceSource[] {
  const external = config.PRICE_URLS.map((url) => {
    const { pathname, host } = new URL(url);
    const name = pathname.split('/').filter(Boolean).at(-1) ?? host;
    return new WsPriceSource({ name, url, logger });
  });
  if (config.OWN_BOOK_URL === undefined) return external;
  const rules = ownBookRulesOf(config);
  return [...external, new OwnBookSource({ url: config.OWN_BOOK_URL, pairs: PRICED_PAIRS, logger, rules })];
}

/** The rules with what the configuration says of some assets in them. */
export const ownBookRulesOf = ({ OWN_BOOK_MIN_DEPTH }: Pick<PricingConfig, 'OWN_BOOK_MIN_DEPTH'>): OwnBookRules => ({
  ...OWN_BOOK_RULES,
  minDepth: { ...OWN_BOOK_RULES.minDepth, ...OWN_BOOK_MIN_DEPTH },
});

function readMinDepth(text: string, context: z.RefinementCtx): Partial<Record<AssetCode, bigint>> {
  const depth: Partial<Record<AssetCode, bigint>> = {};
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [asset = '', amount = '', ...rest] = part.trim().split(':');
    try {
      if (rest.length > 0) throw new AmountError('amount_malformed', 'one asset, one amount');
      if (!isAssetCode(asset)) throw new AmountError('amount_malformed', `${asset} is no asset`);
      const least = parseAmount(amount, asset);
      if (least === 0n) throw new AmountError('amount_malformed', 'a book in which nothing need stand is anybody’s');
      depth[asset] = least;
    } catch (error) {
      if (!(error instanceof AmountError)) throw error;
      context.addIssue({ code: 'custom', message: `"${part}" is not like USD:10000: ${error.message}` });
    }
  }
  return depth;
}
