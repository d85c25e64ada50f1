/** What the sandbox's market maker and the house's hedging read: the part of the environment contract of those who trade with keys of their own. */

/** @param {Record<string, string>} values */
const gatewayRest = (values) =>
  `http://127.0.0.1:${values.GATEWAY_REST_PORT}${values.GATEWAY_REST_BASE ?? '/v3/exchange'}`;

/** @type {readonly import('./environment.mjs').Variable[]} */
export const MARKET_MAKER_ENVIRONMENT = [
  {
    name: 'MARKET_MAKER_PORT',
    readers: ['market-maker'],
    meaning: 'port of the sandbox market maker’s health',
    fallback: '4004',
    port: true,
  },
  {
    name: 'MARKET_MAKER_REST_URL',
    readers: ['market-maker'],
    meaning: 'the venue that it trades on: the base of its REST paths',
    fallback: gatewayRest,
    shown: 'the gateway',
  },
  {
    name: 'MARKET_MAKER_WS_URL',
    readers: ['market-maker'],
    meaning: 'and its WebSocket',
    fallback: ({ GATEWAY_WS_PORT }) => `ws://127.0.0.1:${GATEWAY_WS_PORT}/mercury-gateway/v1/ws`,
    shown: 'the gateway',
  },
  {
    name: 'MARKET_MAKER_SECRET',
    readers: ['seed', 'market-maker'],
    meaning: 'API secret of the sandbox customer who makes markets',
    secret: true,
  },
  {
    name: 'MARKET_TAKER_SECRET',
    readers: ['seed', 'market-maker'],
    meaning: 'API secret of the sandbox customer who takes from them; without it nobody does',
    secret: true,
  },
  {
    name: 'HEDGE_REST_URL',
    readers: ['worker'],
    meaning:
      'the venue on which the house hedges: the base of its REST paths; without it positions are held within their limits',
    fallback: gatewayRest,
    shown: 'the gateway',
  },
  {
    name: 'HEDGE_API_SECRET',
    readers: ['seed', 'worker'],
    meaning: 'API secret of the customer in whose name the house hedges; once for all',
    secret: true,
  },
];
