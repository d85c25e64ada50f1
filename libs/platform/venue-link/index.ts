export { EventOrder, type Place } from './event-order.js';
export { connectToPrimary, type PrimaryOptions } from './connect-to-primary.js';
export { ExchangeLink, type ExchangeLinkOptions, type LinkEnd, type Promotion, type Welcome } from './exchange-link.js';
export { HighestTerm } from './highest-term.js';
export { type Challenge, proofOf, provesKey } from './link-proof.js';
export { MessageReader, type Reading, type Receive } from './message-reader.js';
export { type BalancesAt, type EngineBalance, readBalances } from './read-balances.js';
export { type Replica } from './replica.js';
