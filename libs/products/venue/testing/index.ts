export { exchangeKey, ExchangeProcess } from './exchange-process.js';
export { SettlerDied, VenueBench } from './venue-bench.js';
