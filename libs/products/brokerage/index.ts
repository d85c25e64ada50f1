export { type Brokerage, type BrokerageParts, createBrokerage } from './create-brokerage.js';
export { type BrokerageJobsParts, registerBrokerageJobs } from './brokerage-jobs.js';
export { countByState, type PairProfit, profitByPair } from './desk-report.js';
export { describeHedging, type HedgeMember, readHedgeMember } from './hedge-books.js';
export { appointHedgeMember } from './hedge-house.js';
export { type Hedge, HEDGE_STATES, limitOf } from './hedge-order.js';
export { listHedges, readHedgeFills } from './hedge-orders.js';
export {
  type HedgeFill,
  type HedgeMove,
  type HedgeOrder,
  type HedgeOutcome,
  type HedgeTerms,
  type HedgeVenue,
} from './hedge-venue.js';
export { type HousePosition, type PositionChange } from './house.js';
export { type CustomerTiers, limitStatus, type LimitStatus, type Tier } from './limits.js';
export { depositTerms, MAX_TOLERANCE_BPS, type Method, METHODS } from './methods.js';
export { listOffers, type Offer } from './offers.js';
export { EVERYTHING } from './operate-desk.js';
export { ORDER_STATES, ORDER_TABLE, type OrderState } from './order.js';
export { type OrderPayments, type PaymentRequest } from './order-payments.js';
export { type Execution, type Order, type OrderStep } from './orders.js';
export { type Holding, type Portfolio } from './portfolio.js';
export { formatPpmAsBps } from './present.js';
export { type QuoteInput } from './create-quote.js';
export { type OrderInput } from './create-order.js';
export { assetIn, assetOut, type Profile, PROFILES, type Quote, type QuoteState } from './quote.js';
export { type SignedQuote } from './quotes.js';
export { readReceipt, type Receipt } from './receipt.js';
export { type BrokerageRefusal } from './refusals.js';
export { PAYMENT_EVENTS, purposeOf, TREASURY_EVENTS } from './follow-payments.js';
export { BROKERAGE, BrokerageModule, type BrokerageSettings } from './brokerage.module.js';
export { IdentityTiers } from './identity-tiers.js';
export { PlatformPayments } from './platform-payments.js';
