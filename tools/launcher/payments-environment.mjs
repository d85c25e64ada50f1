/** What the bank and the card processor read, and what our processes need to reach them: their part of the environment contract. */

/** @type {readonly import('./environment.mjs').ProcessName[]} */
const SERVERS = ['api', 'admin', 'worker'];

/** @type {readonly import('./environment.mjs').Variable[]} */
export const PAYMENTS_ENVIRONMENT = [
  { name: 'BANK_PORT', readers: ['bank'], meaning: 'port of the sandbox bank', fallback: '4001', port: true },
  {
    name: 'BANK_DATA_DIR',
    readers: ['bank'],
    meaning: 'where the sandbox bank keeps its books',
    fallback: (_values, home) => home.path('bank'),
    shown: '.strongroom/bank',
  },
  {
    name: 'BANK_WEBHOOK_URL',
    readers: ['bank'],
    meaning: 'where the bank tells of what happened',
    fallback: ({ API_PORT }) => `http://127.0.0.1:${API_PORT}/v1/webhooks/bank`,
    shown: 'http://127.0.0.1:$API_PORT/v1/webhooks/bank',
  },
  {
    name: 'BANK_URL',
    readers: ['card', ...SERVERS],
    meaning: 'the bank’s API',
    fallback: ({ BANK_PORT }) => `http://127.0.0.1:${BANK_PORT}`,
    shown: 'the sandbox bank',
  },
  { name: 'BANK_API_KEY', readers: ['bank', ...SERVERS], meaning: 'our key at the bank', secret: true },
  {
    name: 'BANK_WEBHOOK_SECRET',
    readers: ['bank', 'api', 'worker'],
    meaning: 'signs what the bank sends us',
    secret: true,
  },
  { name: 'BANK_SETTLE_MS', readers: ['bank'], meaning: 'how long the bank takes to settle a payment' },
  { name: 'BANK_WEBHOOK_RETRY_BASE_MS', readers: ['bank'], meaning: 'first pause before the bank repeats a webhook' },
  {
    name: 'BANK_WEBHOOK_SECRET_PREVIOUS',
    readers: ['api'],
    meaning: 'the secret that `BANK_WEBHOOK_SECRET` replaced, while the bank still signs with it',
  },
  { name: 'CARD_PORT', readers: ['card'], meaning: 'port of the sandbox card processor', fallback: '4002', port: true },
  {
    name: 'CARD_DATA_DIR',
    readers: ['card'],
    meaning: 'where the sandbox card processor keeps its books and settlement reports',
    fallback: (_values, home) => home.path('card'),
    shown: '.strongroom/card',
  },
  {
    name: 'CARD_PUBLIC_URL',
    readers: ['card'],
    meaning: 'the card processor as customers’ browsers reach it, for the 3-D Secure page',
    fallback: ({ CARD_PORT }) => `http://127.0.0.1:${CARD_PORT}`,
    shown: 'http://127.0.0.1:$CARD_PORT',
  },
  {
    name: 'CARD_WEBHOOK_URL',
    readers: ['card'],
    meaning: 'where the card processor tells of what happened',
    fallback: ({ API_PORT }) => `http://127.0.0.1:${API_PORT}/v1/webhooks/card`,
    shown: 'http://127.0.0.1:$API_PORT/v1/webhooks/card',
  },
  {
    name: 'CARD_URL',
    readers: SERVERS,
    meaning: 'the card processor’s API',
    fallback: ({ CARD_PORT }) => `http://127.0.0.1:${CARD_PORT}`,
    shown: 'the sandbox card processor',
  },
  { name: 'CARD_API_KEY', readers: ['card', ...SERVERS], meaning: 'our key at the card processor', secret: true },
  {
    name: 'CARD_WEBHOOK_SECRET',
    readers: ['card', 'api', 'worker'],
    meaning: 'signs what the card processor sends us',
    secret: true,
  },
  {
    name: 'CARD_WEBHOOK_SECRET_PREVIOUS',
    readers: ['api'],
    meaning: 'the secret that `CARD_WEBHOOK_SECRET` replaced, while the processor still signs with it',
  },
  { name: 'CARD_REFUND_MS', readers: ['card'], meaning: 'how long a refund takes' },
  {
    name: 'CARD_PAYOUT_EVERY_MS',
    readers: ['card'],
    meaning: 'pays out what was captured so often; only on request when unset',
  },
  {
    name: 'CARD_WEBHOOK_RETRY_BASE_MS',
    readers: ['card'],
    meaning: 'first pause before the card processor repeats a webhook',
  },
];
