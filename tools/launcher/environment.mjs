/**
 * The environment contract: every variable that any process reads, in one table. Processes read them with
 * `loadConfig()` of @base/config; the launcher fills in what is not given. docs/configuration.md is made from this table.
 */
import { EVENT_LOG_ENVIRONMENT } from './event-log-environment.mjs';
import { EXCHANGE_ENVIRONMENT } from './exchange-environment.mjs';
import { GATEWAY_ENVIRONMENT } from './gateway-environment.mjs';
import { MARKET_MAKER_ENVIRONMENT } from './market-maker-environment.mjs';
import { PAYMENTS_ENVIRONMENT } from './payments-environment.mjs';

/** @typedef {'postgres' | 'bitcoin' | 'ethereum' | 'bank' | 'card' | 'prices' | 'migrate' | 'seed' | 'open-venue' | 'market-maker' | 'api' | 'admin' | 'worker' | 'signer' | 'exchange' | 'gateway'} ProcessName */

/**
 * @typedef {object} Variable
 * @property {string} name
 * @property {readonly ProcessName[]} readers the only processes that get it
 * @property {string} meaning
 * @property {string | ((values: Record<string, string>, home: import('./home.mjs').Home) => string)} [fallback] what the launcher sets when it is not given
 * @property {string} [shown] the fallback in the documentation's words, where it is computed
 * @property {true} [secret] made once and kept in `.strongroom/secrets.json`
 * @property {true} [port] must be free at the start
 */

/** @type {readonly ProcessName[]} */
const OURS = ['api', 'admin', 'worker', 'signer', 'gateway'];
/** @type {readonly ProcessName[]} */
const SERVERS = ['api', 'admin', 'worker'];
/** @type {readonly ProcessName[]} */
const OUTSIDE = ['bitcoin', 'bank', 'card', 'prices', 'market-maker'];

/** @type {readonly Variable[]} */
export const ENVIRONMENT = [
  // What people call.
  { name: 'API_PORT', readers: ['api'], meaning: 'port of the customers’ API', fallback: '3000', port: true },
  { name: 'ADMIN_PORT', readers: ['admin'], meaning: 'port of the operators’ API', fallback: '3001', port: true },
  {
    name: 'WORKER_METRICS_PORT',
    readers: ['worker'],
    meaning: 'port of the worker’s metrics',
    fallback: '3002',
    port: true,
  },
  {
    name: 'API_PUBLIC_URL',
    readers: SERVERS,
    meaning: 'the API as customers reach it; in links and redirects',
    fallback: ({ API_PORT }) => `http://127.0.0.1:${API_PORT}`,
    shown: 'http://127.0.0.1:$API_PORT',
  },

  // Where the data is.
  {
    name: 'POSTGRES_PORT',
    readers: ['postgres'],
    meaning: 'port of the embedded PostgreSQL',
    fallback: '5440',
    port: true,
  },
  {
    name: 'DATABASE_URL',
    readers: [...SERVERS, 'seed', 'open-venue', 'gateway'],
    meaning: 'PostgreSQL 16 or newer as the role `strongroom_app`; set it to use a server of your own',
    shown: 'the embedded PostgreSQL',
  },
  {
    name: 'DATABASE_OWNER_URL',
    readers: ['migrate'],
    meaning: 'the same database as its owner; used for migrations only',
    shown: 'the embedded PostgreSQL',
  },
  {
    name: 'REDIS_URL',
    readers: [...SERVERS, 'gateway'],
    meaning: 'Redis for jobs and caches; without it PostgreSQL and memory do',
  },

  // Chains.
  {
    name: 'BITCOIN_RPC_PORT',
    readers: ['bitcoin'],
    meaning: 'port of the Bitcoin dev chain',
    fallback: '18443',
    port: true,
  },
  { name: 'BITCOIN_RPC_USER', readers: ['bitcoin'], meaning: 'user of its RPC', fallback: 'strongroom' },
  { name: 'BITCOIN_RPC_PASSWORD', readers: ['bitcoin'], meaning: 'password of its RPC', secret: true },
  {
    name: 'BITCOIN_DATA_DIR',
    readers: ['bitcoin'],
    meaning: 'where the dev chain keeps its blocks',
    fallback: (_values, home) => home.path('bitcoin'),
    shown: '.strongroom/bitcoin',
  },
  {
    name: 'BITCOIN_BLOCK_INTERVAL_MS',
    readers: ['bitcoin'],
    meaning: 'time between blocks of the dev chain',
    fallback: '10000',
  },
  {
    name: 'BITCOIN_RPC_URL',
    readers: SERVERS,
    meaning: 'Bitcoin Core’s RPC, `http://user:password@host:port`; set it to use a node of your own',
    fallback: (at) => `http://${at.BITCOIN_RPC_USER}:${at.BITCOIN_RPC_PASSWORD}@127.0.0.1:${at.BITCOIN_RPC_PORT}`,
    shown: 'the dev chain',
  },
  {
    name: 'BITCOIN_NETWORK',
    readers: OURS,
    meaning: 'mainnet, testnet, signet or regtest',
    fallback: 'regtest',
  },
  { name: 'ETHEREUM_RPC_PORT', readers: ['ethereum'], meaning: 'port of anvil', fallback: '8545', port: true },
  { name: 'ETHEREUM_BLOCK_INTERVAL_S', readers: ['ethereum'], meaning: 'seconds between its blocks', fallback: '5' },
  {
    name: 'ETHEREUM_CHAIN_ID',
    readers: ['ethereum', ...OURS],
    meaning: 'chain id that transactions are signed for',
    fallback: '31337',
  },
  {
    name: 'ETHEREUM_RPC_URL',
    readers: SERVERS,
    meaning: 'an Ethereum node’s JSON-RPC; set it to use a node of your own',
    fallback: ({ ETHEREUM_RPC_PORT }) => `http://127.0.0.1:${ETHEREUM_RPC_PORT}`,
    shown: 'anvil',
  },

  ...PAYMENTS_ENVIRONMENT,

  // Prices.
  {
    name: 'PRICES_PORT',
    readers: ['prices'],
    meaning: 'port of the sandbox price sources',
    fallback: '4003',
    port: true,
  },
  {
    name: 'PRICES_SEED',
    readers: ['prices'],
    meaning: 'seed of the sandbox price walk; another seed is another market',
  },
  {
    name: 'PRICE_URLS',
    readers: [...SERVERS, 'market-maker'],
    meaning: 'price sources, WebSocket URLs separated by commas',
    fallback: ({ PRICES_PORT }) =>
      ['alpha', 'bravo', 'charlie'].map((venue) => `ws://127.0.0.1:${PRICES_PORT}/venues/${venue}`).join(','),
    shown: 'the sandbox price sources',
  },

  // Keys of our own.
  { name: 'QUOTE_SIGNING_KEY', readers: ['api', 'worker'], meaning: 'signs quotes', secret: true },
  {
    name: 'TOKEN_KEY',
    readers: ['api', 'admin', 'worker'],
    meaning: 'seals second factors, mail and the audit’s anchors',
    secret: true,
  },
  {
    name: 'TOKEN_KEY_PREVIOUS',
    readers: SERVERS,
    meaning: 'the key that `TOKEN_KEY` replaced, while values sealed under it are still about',
  },
  {
    name: 'SIGNER_SOCKET',
    readers: ['worker', 'admin', 'signer'],
    meaning: 'the signer’s Unix socket; it has no port',
    fallback: (_values, home) => `${home.socketFolder}/signer.sock`,
    shown: '.strongroom/run/signer.sock',
  },
  {
    name: 'SIGNER_DATA_DIR',
    readers: ['signer'],
    meaning: 'where the signer keeps the log of what it signed',
    fallback: (_values, home) => home.path('signer'),
    shown: '.strongroom/signer',
  },
  {
    name: 'SIGNER_TICKET_KEY_FILE',
    readers: ['worker', 'admin'],
    meaning: 'private key (Ed25519, PEM) that approves withdrawals to the signer',
    fallback: (_values, home) => home.path('ticket-key.pem'),
    shown: '.strongroom/ticket-key.pem',
  },
  {
    name: 'SIGNER_TICKET_PUBLIC_KEY_FILE',
    readers: ['signer'],
    meaning: 'its public key: the signer believes nothing else',
    fallback: (_values, home) => home.path('ticket-key.pub.pem'),
    shown: '.strongroom/ticket-key.pub.pem',
  },
  { name: 'SIGNER_LIMITS', readers: ['signer'], meaning: 'JSON of the signer’s own caps; needed outside the sandbox' },
  {
    name: 'HOT_KEY_FOLDER',
    readers: ['signer'],
    meaning: 'where the signer keeps its wrapped keys',
    fallback: (_values, home) => home.path('keys'),
    shown: '.strongroom/keys',
  },
  {
    name: 'HOT_KEY_PASSPHRASE_FILE',
    readers: ['signer'],
    meaning: 'file with the passphrase that wraps the hot keys',
    fallback: (_values, home) => home.path('hot-key-passphrase'),
    shown: '.strongroom/hot-key-passphrase',
  },
  {
    name: 'AUDIT_ANCHOR_FILE',
    readers: ['admin', 'worker'],
    meaning: 'where the audit chain’s end is written outside of the database',
    fallback: (_values, home) => home.path('audit-anchors.jsonl'),
    shown: '.strongroom/audit-anchors.jsonl',
  },

  ...EXCHANGE_ENVIRONMENT,
  ...GATEWAY_ENVIRONMENT,
  // Its book is a price source too.
  {
    name: 'OWN_BOOK_URL',
    readers: SERVERS,
    meaning:
      'public WebSocket of the own exchange, whose book is one price source more; without it external ones are all',
    fallback: ({ GATEWAY_WS_PORT }) => `ws://127.0.0.1:${GATEWAY_WS_PORT}/mercury-gateway/v1/ws`,
    shown: 'the gateway',
  },
  {
    name: 'OWN_BOOK_MIN_DEPTH',
    readers: SERVERS,
    meaning:
      'what each side of the own book must hold within 1 % of its best price to count, by quote asset; those it does not name are `USD:10000,EUR:10000,GBP:10000,USDC:10000,BTC:0.2`',
  },
  ...MARKET_MAKER_ENVIRONMENT,
  ...EVENT_LOG_ENVIRONMENT,

  // Mail.
  {
    name: 'SMTP_URL',
    readers: ['worker'],
    meaning: 'mail submission server, `smtps://user:password@host`; without it a sandbox keeps mail in its own mailbox',
  },
  {
    name: 'MAIL_FROM',
    readers: ['worker'],
    meaning: 'sender of our mail',
    fallback: 'Strongroom <no-reply@strongroom.example>',
  },

  // How it runs.
  {
    name: 'SANDBOX',
    readers: [...OURS, 'seed', 'open-venue'],
    meaning: '`1` turns on what only a sandbox may do: clock, faucet, mailbox',
    fallback: '1',
  },
  {
    name: 'LISTEN_ADDRESS',
    readers: [...SERVERS, 'exchange', ...OUTSIDE, 'gateway'],
    meaning: 'address that servers listen on; in a container `0.0.0.0`',
    fallback: '127.0.0.1',
  },
  {
    name: 'LOG_LEVEL',
    readers: [...OURS, 'exchange', ...OUTSIDE],
    meaning: 'trace, debug, info, warn or error',
    fallback: 'info',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    readers: OURS,
    meaning: 'where traces go (OTLP over HTTP); without it none are made',
  },
];

/** What every program may need of the machine it runs on. Nothing else of our own environment is handed down. */
const OF_THE_MACHINE = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'TZ',
  'TMPDIR',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
];

/**
 * @param {object} options
 * @param {NodeJS.ProcessEnv} options.given
 * @param {import('./home.mjs').Home} options.home
 * @param {(name: string) => string} options.secret
 * @returns {Record<string, string>} a value for every variable that is given or has a fallback
 */
export function resolveEnvironment({ given, home, secret }) {
  /** @type {Record<string, string>} */
  const values = {};
  for (const variable of ENVIRONMENT) {
    const value = given[variable.name] || fallbackOf(variable, values, home, secret);
    if (value !== undefined) values[variable.name] = value;
  }
  return values;
}

/** @param {Variable} variable */
function fallbackOf({ name, fallback, secret: isSecret }, values, home, secret) {
  if (isSecret) return secret(name);
  return typeof fallback === 'function' ? fallback(values, home) : fallback;
}

/**
 * @param {ProcessName} reader
 * @param {Record<string, string>} values
 * @returns {Record<string, string>} the whole environment of that process: least privilege, so the signer knows no database
 */
export function environmentOf(reader, values) {
  /** @type {Record<string, string>} */
  const env = {};
  for (const name of OF_THE_MACHINE) if (process.env[name] !== undefined) env[name] = process.env[name];
  for (const { name, readers } of ENVIRONMENT) {
    const value = values[name];
    if (readers.includes(reader) && value !== undefined) env[name] = value;
  }
  return env;
}
