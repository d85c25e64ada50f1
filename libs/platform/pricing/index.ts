export { createPricing, PRICED_PAIRS, type Pricing, type PricingParts } from './create-pricing.js';
export { type BookFill, type Depth, type DepthLevel, type ExactAmount, fillBase, fillMoney } from './depth.js';
export { type MinuteClose, MinuteCloses, Volatility } from './minute-closes.js';
export { OWN_BOOK_RULES, OwnBook, type OwnBookRules } from './own-book.js';
export { OWN_BOOK, OwnBookSource, type OwnBookSourceOptions } from './own-book-source.js';
export { type Pair, pairOf, parsePair } from './pair.js';
export {
  median,
  PRICE_RULES,
  type PriceRules,
  type SourcePrice,
  type SourceStanding,
  type Standing,
} from './price-book.js';
export { ALL_PAIRS, type Halt, PriceHalts } from './price-halts.js';
export {
  type NoTick,
  type PriceListener,
  type PriceSource,
  type SourceKind,
  type Tick,
  type TickRefusal,
} from './price-source.js';
export { type LastMid, type Mid, Prices, type PricesOptions } from './prices.js';
export { registerPricingJobs } from './pricing-jobs.js';
export { priceSourcesOf, type PricingConfig, pricingConfig } from './price-sources.js';
export { PricingModule } from './pricing.module.js';
export { priceUnavailable, type PricingRefusal, unknownPair } from './refusals.js';
export { CautiousValuation } from './valuation.js';
export { annualVolatilityPpm, squareRootCeil } from './volatility.js';
export { WsPriceSource, type WsPriceSourceOptions } from './ws-price-source.js';
