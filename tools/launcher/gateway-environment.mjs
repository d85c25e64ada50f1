/** What the gateway alone reads: its part of the environment contract. */

/** @type {readonly import('./environment.mjs').Variable[]} */
export const GATEWAY_ENVIRONMENT = [
  {
    name: 'GATEWAY_REST_PORT',
    readers: ['gateway'],
    meaning: 'port of the exchange’s REST API',
    fallback: '3010',
    port: true,
  },
  {
    name: 'GATEWAY_WS_PORT',
    readers: ['gateway'],
    meaning: 'port of the exchange’s WebSocket API',
    fallback: '3011',
    port: true,
  },
  {
    name: 'GATEWAY_FIX_PORT',
    readers: ['gateway'],
    meaning: 'port of the exchange’s FIX 4.4',
    fallback: '3012',
    port: true,
  },
  {
    name: 'GATEWAY_FIX_TLS_KEY_FILE',
    readers: ['gateway'],
    meaning: 'private key (PEM) of the FIX port’s TLS; with the certificate, or FIX is plain TCP',
  },
  {
    name: 'GATEWAY_FIX_TLS_CERT_FILE',
    readers: ['gateway'],
    meaning: 'certificate chain (PEM) of the FIX port’s TLS',
  },
  {
    name: 'GATEWAY_FIX_MESSAGES_KEPT_DAYS',
    readers: ['gateway'],
    meaning:
      'days (1 to 400) for which a FIX client can ask again for what it was sent; what no connection has had yet is kept for 400',
    fallback: '7',
  },
  {
    name: 'GATEWAY_METRICS_PORT',
    readers: ['gateway'],
    meaning: 'port of the gateway’s health and metrics',
    fallback: '3013',
    port: true,
  },
  {
    name: 'GATEWAY_REST_BASE',
    readers: ['gateway'],
    meaning: 'path in front of the REST API; `/v3/exchange` when unset',
  },
  {
    name: 'GATEWAY_TRUSTED_PROXIES',
    readers: ['gateway'],
    meaning: 'proxies of your own in front of the gateway, whose `X-Forwarded-For` counts; 0 when unset',
  },
  {
    name: 'GATEWAY_KEY_RATE',
    readers: ['gateway'],
    meaning: 'REST requests a second of one API key, and twice as many at once; 100 when unset',
  },
  {
    name: 'GATEWAY_ADDRESS_RATE',
    readers: ['gateway'],
    meaning: 'REST requests a second of one address, and twice as many at once; 400 when unset',
  },
];
