export { exchangeKey, ExchangeProcess } from './exchange-process.js';
export { cancelAll, order } from './orders.js';
export { SettlerDied, VenueBench } from './venue-bench.js';
