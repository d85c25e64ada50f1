export { EventOrder, type Place } from './event-order.js';
export { ExchangeLink, type ExchangeLinkOptions, type LinkEnd, type Welcome } from './exchange-link.js';
export { type Challenge, proofOf, provesKey } from './link-proof.js';
export { MessageReader, type Reading, type Receive } from './message-reader.js';
