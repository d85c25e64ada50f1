/** What the exchange alone reads: its part of the environment contract. */

/** @type {readonly import('./environment.mjs').Variable[]} */
export const EXCHANGE_ENVIRONMENT = [
  {
    name: 'EXCHANGE_METRICS_PORT',
    readers: ['exchange'],
    meaning: 'port of the exchange’s health and metrics',
    fallback: '3003',
    port: true,
  },
  {
    name: 'EXCHANGE_DATA_DIR',
    readers: ['exchange'],
    meaning: 'where the exchange keeps its journal, snapshots and their archive',
    fallback: (_values, home) => home.path('exchange'),
    shown: '.strongroom/exchange',
  },
  {
    name: 'EXCHANGE_SOCKET',
    readers: ['exchange'],
    meaning: 'the exchange’s Unix socket, for gateways on the same machine',
    fallback: (_values, home) => `${home.socketFolder}/exchange.sock`,
    shown: '.strongroom/run/exchange.sock',
  },
  {
    name: 'EXCHANGE_PORT',
    readers: ['exchange'],
    meaning: 'port of the same protocol on TCP, at `LISTEN_ADDRESS`; none when unset',
  },
  {
    name: 'EXCHANGE_GATEWAY_KEY',
    readers: ['exchange', 'gateway'],
    meaning: 'shared key of gateways: order entry',
    secret: true,
  },
  {
    name: 'EXCHANGE_ADDRESSES',
    readers: ['worker', 'open-venue', 'gateway', 'admin'],
    meaning:
      'the exchange’s processes as its callers reach them, `host:port` or a Unix socket each, separated by commas; nothing is settled when unset',
    fallback: (_values, home) => `${home.socketFolder}/exchange.sock`,
    shown: '.strongroom/run/exchange.sock',
  },
  {
    name: 'EXCHANGE_SETTLEMENT_KEY',
    readers: ['exchange', 'worker'],
    meaning: 'shared key of the settlement: credits and debits',
    secret: true,
  },
  {
    name: 'EXCHANGE_OPERATOR_KEY',
    readers: ['exchange', 'open-venue', 'admin', 'worker'],
    meaning: 'shared key of operators’ tools: instruments, fees, halts, the kill switch',
    secret: true,
  },
  {
    name: 'EXCHANGE_OBSERVER_KEY',
    readers: ['exchange', 'worker'],
    meaning: 'shared key of those who only read events',
    secret: true,
  },
  { name: 'EXCHANGE_STANDBY_KEY', readers: ['exchange'], meaning: 'shared key of the hot standby', secret: true },
  {
    name: 'EXCHANGE_JOURNAL_MODE',
    readers: ['exchange'],
    meaning: 'who syncs the journal: `inline`, `thread`, or `adaptive` (inline at low load); adaptive when unset',
  },
  {
    name: 'EXCHANGE_SEGMENT_MIB',
    readers: ['exchange'],
    meaning: 'size of a journal segment; one is always prepared ahead; 64 when unset',
    fallback: '16',
  },
  {
    name: 'EXCHANGE_EVENTS_MIB',
    readers: ['exchange'],
    meaning: 'memory for the latest events; older ones are made again from the journal; 64 when unset',
  },
  {
    name: 'EXCHANGE_HEARTBEAT_MS',
    readers: ['exchange'],
    meaning: 'a silent connection is heard of so often, and given up after five times that; 1000 when unset',
  },
  {
    name: 'EXCHANGE_SNAPSHOT_COMMANDS',
    readers: ['exchange'],
    meaning: 'commands between two snapshots; a million when unset',
  },
  {
    name: 'EXCHANGE_SNAPSHOT_MINUTES',
    readers: ['exchange'],
    meaning: 'minutes between two snapshots when there are fewer commands; 10 when unset',
  },
  {
    name: 'EXCHANGE_SNAPSHOT_PAUSE_US',
    readers: ['exchange'],
    meaning: 'how long trading waits for a slice of a snapshot, about; 1000 when unset',
  },
  {
    name: 'EXCHANGE_FOLLOWS',
    readers: ['exchange'],
    meaning: 'the other exchange of a pair, host:port or the path of its socket; followed while it is the primary',
  },
  {
    name: 'EXCHANGE_SYNCHRONOUS',
    readers: ['exchange'],
    meaning:
      '`1`: nothing is told before the follower has it too; without a follower nothing is told at all; 0 when unset',
  },
  {
    name: 'EXCHANGE_COMPARE_COMMANDS',
    readers: ['exchange'],
    meaning: 'commands between two comparisons of the states of primary and follower; 100000 when unset',
  },
  {
    name: 'EXCHANGE_DISCARD_TAIL',
    readers: ['exchange'],
    meaning: '`1`: a follower whose journal does not lead to the primary’s puts it aside and begins anew; 0 when unset',
  },
];
